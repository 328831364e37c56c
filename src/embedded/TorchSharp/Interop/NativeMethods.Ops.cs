using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <content>Functions of native/ops.cpp.</content>
internal static unsafe partial class NativeMethods
{
    // ---- element by element: one operand ----

    [LibraryImport(Library)]
    internal static partial nint ts_abs(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_neg(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_sqrt(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_rsqrt(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_exp(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_log(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_log1p(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_sin(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_cos(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_sigmoid(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_tanh(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_square(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_reciprocal(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_erf(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_floor(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_ceil(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_sign(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_silu(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_relu(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_isfinite(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_isnan(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_isinf(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_logical_not(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_not(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_neg_(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_sqrt_(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_exp_(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_log_(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_zero_(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_gelu(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_silu_(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_round(nint t, long decimals);

    [LibraryImport(Library)]
    internal static partial int ts_fill_(nint t, ScalarValue value);

    // ---- element by element: two operands ----

    [LibraryImport(Library)]
    internal static partial nint ts_mul(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_pow(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_minimum(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_maximum(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_remainder(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_eq(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_ne(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_lt(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_le(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_gt(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_ge(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_logical_and(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_logical_or(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_logical_xor(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_and(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_or(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_xor(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_left_shift(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bitwise_right_shift(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_mul_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_pow_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_remainder_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_eq_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_ne_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_lt_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_le_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_gt_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_ge_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial int ts_mul_(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial int ts_pow_(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial int ts_mul_scalar_(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial int ts_pow_scalar_(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_add(nint a, nint b, ScalarValue alpha);

    [LibraryImport(Library)]
    internal static partial nint ts_add_scalar(nint a, ScalarValue b, ScalarValue alpha);

    [LibraryImport(Library)]
    internal static partial int ts_add_(nint a, nint b, ScalarValue alpha);

    [LibraryImport(Library)]
    internal static partial int ts_add_scalar_(nint a, ScalarValue b, ScalarValue alpha);

    [LibraryImport(Library)]
    internal static partial nint ts_sub(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_sub_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_rsub_scalar(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial int ts_sub_(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial int ts_sub_scalar_(nint a, ScalarValue b);

    [LibraryImport(Library)]
    internal static partial nint ts_div(nint a, nint b, int mode);

    [LibraryImport(Library)]
    internal static partial nint ts_div_scalar(nint a, ScalarValue b, int mode);

    [LibraryImport(Library)]
    internal static partial int ts_div_(nint a, nint b, int mode);

    [LibraryImport(Library)]
    internal static partial int ts_div_scalar_(nint a, ScalarValue b, int mode);

    [LibraryImport(Library)]
    internal static partial nint ts_addcmul(nint t, nint a, nint b, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial int ts_addcmul_(nint t, nint a, nint b, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial nint ts_addcdiv(nint t, nint a, nint b, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial int ts_addcdiv_(nint t, nint a, nint b, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial nint ts_lerp(nint t, nint end, nint weight);

    [LibraryImport(Library)]
    internal static partial int ts_lerp_(nint t, nint end, nint weight);

    [LibraryImport(Library)]
    internal static partial nint ts_clamp(nint t, ScalarValue min, ScalarValue max);

    [LibraryImport(Library)]
    internal static partial int ts_clamp_(nint t, ScalarValue min, ScalarValue max);

    [LibraryImport(Library)]
    internal static partial nint ts_clamp_tensor(nint t, nint min, nint max);

    [LibraryImport(Library)]
    internal static partial int ts_allclose(nint a, nint b, double rtol, double atol, int equalNan, int* result);

    // ---- choosing ----

    [LibraryImport(Library)]
    internal static partial nint ts_where(nint condition, nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_masked_fill(nint t, nint mask, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial int ts_masked_fill_(nint t, nint mask, ScalarValue value);

    [LibraryImport(Library)]
    internal static partial nint ts_masked_select(nint t, nint mask);

    [LibraryImport(Library)]
    internal static partial nint ts_nonzero(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_triu(nint t, long diagonal);

    [LibraryImport(Library)]
    internal static partial nint ts_tril(nint t, long diagonal);

    [LibraryImport(Library)]
    internal static partial nint ts_index_select(nint t, long dim, nint index);

    [LibraryImport(Library)]
    internal static partial nint ts_gather(nint t, long dim, nint index);

    [LibraryImport(Library)]
    internal static partial nint ts_scatter(nint t, long dim, nint index, nint src);

    [LibraryImport(Library)]
    internal static partial int ts_scatter_(nint t, long dim, nint index, nint src);

    [LibraryImport(Library)]
    internal static partial nint ts_scatter_add(nint t, long dim, nint index, nint src);

    [LibraryImport(Library)]
    internal static partial int ts_scatter_add_(nint t, long dim, nint index, nint src);

    [LibraryImport(Library)]
    internal static partial nint ts_index_add(nint t, long dim, nint index, nint source, ScalarValue alpha);

    [LibraryImport(Library)]
    internal static partial int ts_index_add_(nint t, long dim, nint index, nint source, ScalarValue alpha);

    // ---- reductions ----

    [LibraryImport(Library)]
    internal static partial nint ts_sum(nint t, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_sum_dims(nint t, long* d, int n, int keepdim, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_mean(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_mean_dims(nint t, long* d, int n, int keepdim, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_var(nint t, int unbiased);

    [LibraryImport(Library)]
    internal static partial nint ts_var_dims(nint t, long* d, int n, int unbiased, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_std(nint t, int unbiased);

    [LibraryImport(Library)]
    internal static partial nint ts_std_dims(nint t, long* d, int n, int unbiased, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_amax(nint t, long* d, int n, int keepdim, nint @out);

    [LibraryImport(Library)]
    internal static partial nint ts_amin(nint t, long* d, int n, int keepdim, nint @out);

    [LibraryImport(Library)]
    internal static partial nint ts_max(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_min(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_max_dim(nint t, long dim, int keepdim, nint* indices);

    [LibraryImport(Library)]
    internal static partial nint ts_min_dim(nint t, long dim, int keepdim, nint* indices);

    [LibraryImport(Library)]
    internal static partial nint ts_topk(nint t, long k, long dim, int largest, int sorted, nint* indices);

    [LibraryImport(Library)]
    internal static partial nint ts_sort(nint t, long dim, int descending, int stable, nint* indices);

    [LibraryImport(Library)]
    internal static partial nint ts_argmax(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_argmax_dim(nint t, long dim, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_argmin(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_argmin_dim(nint t, long dim, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_all(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_all_dim(nint t, long dim, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_any(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_any_dim(nint t, long dim, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_cumsum(nint t, long dim, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_logsumexp(nint t, long dim, int keepdim);

    [LibraryImport(Library)]
    internal static partial nint ts_norm(nint t, float p);

    [LibraryImport(Library)]
    internal static partial nint ts_norm_dim(nint t, long dim, int keepdim, float p);

    // ---- products ----

    [LibraryImport(Library)]
    internal static partial nint ts_matmul(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_mm(nint a, nint b);

    [LibraryImport(Library)]
    internal static partial nint ts_bmm(nint a, nint b);

    // ---- torch.nn.functional ----

    [LibraryImport(Library)]
    internal static partial nint ts_linear(nint input, nint weight, nint bias);

    [LibraryImport(Library)]
    internal static partial nint ts_softmax(nint t, long dim, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_log_softmax(nint t, long dim, int type);

    [LibraryImport(Library)]
    internal static partial nint ts_cross_entropy(nint input, nint target, nint weight, long reduction, long ignoreIndex,
        double labelSmoothing);

    [LibraryImport(Library)]
    internal static partial nint ts_layer_norm(nint input, long* shape, int n, nint weight, nint bias, double eps);

    [LibraryImport(Library)]
    internal static partial nint ts_attention(nint query, nint key, nint value, nint mask, double p, int causal);
}
