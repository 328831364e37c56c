// The mathematics: element by element, reductions, indexing, products and the functions of torch.nn.functional.
#include "shim.h"

#include <memory>

using namespace shim;

// ---- element by element: one operand ----

#define TS_UNARY(name) \
    TS_API Tensor ts_##name(Tensor t) { TS_MAKE(at::name(*t)); }
#define TS_UNARY_(name) \
    TS_API int32_t ts_##name(Tensor t) { TS_DO(t->name()); }

TS_UNARY(abs)
TS_UNARY(neg)
TS_UNARY(sqrt)
TS_UNARY(rsqrt)
TS_UNARY(exp)
TS_UNARY(log)
TS_UNARY(log1p)
TS_UNARY(sin)
TS_UNARY(cos)
TS_UNARY(sigmoid)
TS_UNARY(tanh)
TS_UNARY(square)
TS_UNARY(reciprocal)
TS_UNARY(erf)
TS_UNARY(floor)
TS_UNARY(ceil)
TS_UNARY(sign)
TS_UNARY(silu)
TS_UNARY(relu)
TS_UNARY(isfinite)
TS_UNARY(isnan)
TS_UNARY(isinf)
TS_UNARY(logical_not)
TS_UNARY(bitwise_not)
TS_UNARY_(neg_)
TS_UNARY_(sqrt_)
TS_UNARY_(exp_)
TS_UNARY_(log_)
TS_UNARY_(zero_)

TS_API Tensor ts_gelu(Tensor t) { TS_MAKE(at::gelu(*t)); }
TS_API int32_t ts_silu_(Tensor t) { TS_DO(at::silu_(*t)); }
TS_API Tensor ts_round(Tensor t, int64_t decimals) { TS_MAKE(decimals == 0 ? at::round(*t) : at::round(*t, decimals)); }
TS_API int32_t ts_fill_(Tensor t, Scalar value) { TS_DO(t->fill_(unpack(value))); }

// ---- element by element: two operands ----

#define TS_BINARY(name) \
    TS_API Tensor ts_##name(Tensor a, Tensor b) { TS_MAKE(at::name(*a, *b)); }
#define TS_BINARY_SCALAR(name) \
    TS_API Tensor ts_##name##_scalar(Tensor a, Scalar b) { TS_MAKE(at::name(*a, unpack(b))); }
#define TS_BINARY_(name) \
    TS_API int32_t ts_##name(Tensor a, Tensor b) { TS_DO(a->name(*b)); }
#define TS_BINARY_SCALAR_(name) \
    TS_API int32_t ts_##name##_scalar_(Tensor a, Scalar b) { TS_DO(a->name##_(unpack(b))); }

TS_BINARY(mul)
TS_BINARY(pow)
TS_BINARY(minimum)
TS_BINARY(maximum)
TS_BINARY(remainder)
TS_BINARY(eq)
TS_BINARY(ne)
TS_BINARY(lt)
TS_BINARY(le)
TS_BINARY(gt)
TS_BINARY(ge)
TS_BINARY(logical_and)
TS_BINARY(logical_or)
TS_BINARY(logical_xor)
TS_BINARY(bitwise_and)
TS_BINARY(bitwise_or)
TS_BINARY(bitwise_xor)
TS_BINARY(bitwise_left_shift)
TS_BINARY(bitwise_right_shift)
TS_BINARY_SCALAR(mul)
TS_BINARY_SCALAR(pow)
TS_BINARY_SCALAR(remainder)
TS_BINARY_SCALAR(eq)
TS_BINARY_SCALAR(ne)
TS_BINARY_SCALAR(lt)
TS_BINARY_SCALAR(le)
TS_BINARY_SCALAR(gt)
TS_BINARY_SCALAR(ge)
TS_BINARY_(mul_)
TS_BINARY_(pow_)
TS_BINARY_SCALAR_(mul)
TS_BINARY_SCALAR_(pow)

TS_API Tensor ts_add(Tensor a, Tensor b, Scalar alpha) { TS_MAKE(at::add(*a, *b, unpack(alpha))); }
TS_API Tensor ts_add_scalar(Tensor a, Scalar b, Scalar alpha) { TS_MAKE(at::add(*a, unpack(b), unpack(alpha))); }
TS_API int32_t ts_add_(Tensor a, Tensor b, Scalar alpha) { TS_DO(a->add_(*b, unpack(alpha))); }
TS_API int32_t ts_add_scalar_(Tensor a, Scalar b, Scalar alpha) { TS_DO(a->add_(unpack(b), unpack(alpha))); }
TS_API Tensor ts_sub(Tensor a, Tensor b) { TS_MAKE(at::sub(*a, *b)); }
TS_API Tensor ts_sub_scalar(Tensor a, Scalar b) { TS_MAKE(at::sub(*a, unpack(b))); }
TS_API Tensor ts_rsub_scalar(Tensor a, Scalar b) { TS_MAKE(at::rsub(*a, unpack(b))); }
TS_API int32_t ts_sub_(Tensor a, Tensor b) { TS_DO(a->sub_(*b)); }
TS_API int32_t ts_sub_scalar_(Tensor a, Scalar b) { TS_DO(a->sub_(unpack(b))); }

namespace {

/// The rounding modes of torch.div: none, towards zero, downwards.
optional<c10::string_view> rounding(int32_t mode) {
    switch (mode) {
        case 1:
            return optional<c10::string_view>("trunc");
        case 2:
            return optional<c10::string_view>("floor");
        default:
            return nullopt;
    }
}

}  // namespace

TS_API Tensor ts_div(Tensor a, Tensor b, int32_t mode) { TS_MAKE(at::div(*a, *b, rounding(mode))); }
TS_API Tensor ts_div_scalar(Tensor a, Scalar b, int32_t mode) { TS_MAKE(at::div(*a, unpack(b), rounding(mode))); }
TS_API int32_t ts_div_(Tensor a, Tensor b, int32_t mode) { TS_DO(a->div_(*b, rounding(mode))); }
TS_API int32_t ts_div_scalar_(Tensor a, Scalar b, int32_t mode) { TS_DO(a->div_(unpack(b), rounding(mode))); }

TS_API Tensor ts_addcmul(Tensor t, Tensor a, Tensor b, Scalar value) { TS_MAKE(t->addcmul(*a, *b, unpack(value))); }
TS_API int32_t ts_addcmul_(Tensor t, Tensor a, Tensor b, Scalar value) { TS_DO(t->addcmul_(*a, *b, unpack(value))); }
TS_API Tensor ts_addcdiv(Tensor t, Tensor a, Tensor b, Scalar value) { TS_MAKE(t->addcdiv(*a, *b, unpack(value))); }
TS_API int32_t ts_addcdiv_(Tensor t, Tensor a, Tensor b, Scalar value) { TS_DO(t->addcdiv_(*a, *b, unpack(value))); }
TS_API Tensor ts_lerp(Tensor t, Tensor end, Tensor weight) { TS_MAKE(t->lerp(*end, *weight)); }
TS_API int32_t ts_lerp_(Tensor t, Tensor end, Tensor weight) { TS_DO(t->lerp_(*end, *weight)); }
TS_API Tensor ts_clamp(Tensor t, Scalar min, Scalar max) { TS_MAKE(t->clamp(unpack_optional(min), unpack_optional(max))); }
TS_API int32_t ts_clamp_(Tensor t, Scalar min, Scalar max) { TS_DO(t->clamp_(unpack_optional(min), unpack_optional(max))); }
TS_API Tensor ts_clamp_tensor(Tensor t, Tensor min, Tensor max) { TS_MAKE(t->clamp(optional_tensor(min), optional_tensor(max))); }
TS_API int32_t ts_allclose(Tensor a, Tensor b, double rtol, double atol, int32_t equal_nan, int32_t* result) {
    TS_DO(*result = at::allclose(*a, *b, rtol, atol, equal_nan != 0) ? 1 : 0);
}

// ---- choosing ----

TS_API Tensor ts_where(Tensor condition, Tensor a, Tensor b) { TS_MAKE(at::where(*condition, *a, *b)); }
TS_API Tensor ts_masked_fill(Tensor t, Tensor mask, Scalar value) { TS_MAKE(t->masked_fill(*mask, unpack(value))); }
TS_API int32_t ts_masked_fill_(Tensor t, Tensor mask, Scalar value) { TS_DO(t->masked_fill_(*mask, unpack(value))); }
TS_API Tensor ts_masked_select(Tensor t, Tensor mask) { TS_MAKE(t->masked_select(*mask)); }
TS_API Tensor ts_nonzero(Tensor t) { TS_MAKE(t->nonzero()); }
TS_API Tensor ts_triu(Tensor t, int64_t diagonal) { TS_MAKE(t->triu(diagonal)); }
TS_API Tensor ts_tril(Tensor t, int64_t diagonal) { TS_MAKE(t->tril(diagonal)); }
TS_API Tensor ts_index_select(Tensor t, int64_t dim, Tensor index) { TS_MAKE(t->index_select(dim, *index)); }
TS_API Tensor ts_gather(Tensor t, int64_t dim, Tensor index) { TS_MAKE(t->gather(dim, *index)); }
TS_API Tensor ts_scatter(Tensor t, int64_t dim, Tensor index, Tensor src) { TS_MAKE(t->scatter(dim, *index, *src)); }
TS_API int32_t ts_scatter_(Tensor t, int64_t dim, Tensor index, Tensor src) { TS_DO(t->scatter_(dim, *index, *src)); }
TS_API Tensor ts_scatter_add(Tensor t, int64_t dim, Tensor index, Tensor src) { TS_MAKE(t->scatter_add(dim, *index, *src)); }
TS_API int32_t ts_scatter_add_(Tensor t, int64_t dim, Tensor index, Tensor src) { TS_DO(t->scatter_add_(dim, *index, *src)); }
TS_API Tensor ts_index_add(Tensor t, int64_t dim, Tensor index, Tensor source, Scalar alpha) {
    TS_MAKE(t->index_add(dim, *index, *source, unpack(alpha)));
}
TS_API int32_t ts_index_add_(Tensor t, int64_t dim, Tensor index, Tensor source, Scalar alpha) {
    TS_DO(t->index_add_(dim, *index, *source, unpack(alpha)));
}

// ---- reductions ----

TS_API Tensor ts_sum(Tensor t, int32_t type) { TS_MAKE(t->sum(optional_type(type))); }
TS_API Tensor ts_sum_dims(Tensor t, const int64_t* d, int32_t n, int32_t keepdim, int32_t type) {
    TS_MAKE(t->sum(dims(d, n), keepdim != 0, optional_type(type)));
}
TS_API Tensor ts_mean(Tensor t) { TS_MAKE(t->mean()); }
TS_API Tensor ts_mean_dims(Tensor t, const int64_t* d, int32_t n, int32_t keepdim, int32_t type) {
    TS_MAKE(t->mean(dims(d, n), keepdim != 0, optional_type(type)));
}
TS_API Tensor ts_var(Tensor t, int32_t unbiased) { TS_MAKE(t->var(unbiased != 0)); }
TS_API Tensor ts_var_dims(Tensor t, const int64_t* d, int32_t n, int32_t unbiased, int32_t keepdim) {
    TS_MAKE(t->var(dims(d, n), unbiased != 0, keepdim != 0));
}
TS_API Tensor ts_std(Tensor t, int32_t unbiased) { TS_MAKE(t->std(unbiased != 0)); }
TS_API Tensor ts_std_dims(Tensor t, const int64_t* d, int32_t n, int32_t unbiased, int32_t keepdim) {
    TS_MAKE(t->std(dims(d, n), unbiased != 0, keepdim != 0));
}
TS_API Tensor ts_amax(Tensor t, const int64_t* d, int32_t n, int32_t keepdim, Tensor out) {
    TS_MAKE(out == nullptr ? t->amax(dims(d, n), keepdim != 0) : at::amax_out(*out, *t, dims(d, n), keepdim != 0));
}
TS_API Tensor ts_amin(Tensor t, const int64_t* d, int32_t n, int32_t keepdim, Tensor out) {
    TS_MAKE(out == nullptr ? t->amin(dims(d, n), keepdim != 0) : at::amin_out(*out, *t, dims(d, n), keepdim != 0));
}
TS_API Tensor ts_max(Tensor t) { TS_MAKE(t->max()); }
TS_API Tensor ts_min(Tensor t) { TS_MAKE(t->min()); }
TS_API Tensor ts_max_dim(Tensor t, int64_t dim, int32_t keepdim, Tensor* indices) {
    return make_two(indices, [&] { return t->max(dim, keepdim != 0); });
}
TS_API Tensor ts_min_dim(Tensor t, int64_t dim, int32_t keepdim, Tensor* indices) {
    return make_two(indices, [&] { return t->min(dim, keepdim != 0); });
}
TS_API Tensor ts_topk(Tensor t, int64_t k, int64_t dim, int32_t largest, int32_t sorted, Tensor* indices) {
    return make_two(indices, [&] { return t->topk(k, dim, largest != 0, sorted != 0); });
}
TS_API Tensor ts_sort(Tensor t, int64_t dim, int32_t descending, int32_t stable, Tensor* indices) {
    return make_two(indices, [&] { return t->sort(optional<bool>(stable != 0), dim, descending != 0); });
}
TS_API Tensor ts_argmax(Tensor t) { TS_MAKE(t->argmax()); }
TS_API Tensor ts_argmax_dim(Tensor t, int64_t dim, int32_t keepdim) { TS_MAKE(t->argmax(dim, keepdim != 0)); }
TS_API Tensor ts_argmin(Tensor t) { TS_MAKE(t->argmin()); }
TS_API Tensor ts_argmin_dim(Tensor t, int64_t dim, int32_t keepdim) { TS_MAKE(t->argmin(dim, keepdim != 0)); }
TS_API Tensor ts_all(Tensor t) { TS_MAKE(t->all()); }
TS_API Tensor ts_all_dim(Tensor t, int64_t dim, int32_t keepdim) { TS_MAKE(t->all(dim, keepdim != 0)); }
TS_API Tensor ts_any(Tensor t) { TS_MAKE(t->any()); }
TS_API Tensor ts_any_dim(Tensor t, int64_t dim, int32_t keepdim) { TS_MAKE(t->any(dim, keepdim != 0)); }
TS_API Tensor ts_cumsum(Tensor t, int64_t dim, int32_t type) { TS_MAKE(t->cumsum(dim, optional_type(type))); }
TS_API Tensor ts_logsumexp(Tensor t, int64_t dim, int32_t keepdim) { TS_MAKE(t->logsumexp(dim, keepdim != 0)); }
TS_API Tensor ts_norm(Tensor t, float p) { TS_MAKE(t->norm(p)); }
TS_API Tensor ts_norm_dim(Tensor t, int64_t dim, int32_t keepdim, float p) { TS_MAKE(t->norm(p, dim, keepdim != 0)); }

// ---- products ----

TS_BINARY(matmul)
TS_BINARY(mm)
TS_BINARY(bmm)

// ---- torch.nn.functional ----

TS_API Tensor ts_linear(Tensor input, Tensor weight, Tensor bias) { TS_MAKE(at::linear(*input, *weight, optional_tensor(bias))); }
TS_API Tensor ts_softmax(Tensor t, int64_t dim, int32_t type) { TS_MAKE(at::softmax(*t, dim, optional_type(type))); }
TS_API Tensor ts_log_softmax(Tensor t, int64_t dim, int32_t type) { TS_MAKE(at::log_softmax(*t, dim, optional_type(type))); }
TS_API Tensor ts_cross_entropy(Tensor input, Tensor target, Tensor weight, int64_t reduction, int64_t ignore_index,
                               double label_smoothing) {
    TS_MAKE(at::cross_entropy_loss(*input, *target, optional_tensor(weight), reduction, ignore_index, label_smoothing));
}
TS_API Tensor ts_layer_norm(Tensor input, const int64_t* shape, int32_t n, Tensor weight, Tensor bias, double eps) {
    TS_MAKE(at::layer_norm(*input, dims(shape, n), optional_tensor(weight), optional_tensor(bias), eps));
}

// libtorch 1.x names it _scaled_dot_product_attention and answers a pair; 2.x dropped the underscore and the pair.
TS_API Tensor ts_attention(Tensor query, Tensor key, Tensor value, Tensor mask, double p, int32_t causal) {
#if TORCH_VERSION_MAJOR >= 2
    TS_MAKE(at::scaled_dot_product_attention(*query, *key, *value, optional_tensor(mask), p, causal != 0));
#else
    TS_MAKE(std::get<0>(at::_scaled_dot_product_attention(*query, *key, *value, optional_tensor(mask), p,
                                                          /*need_attn_weights=*/false, causal != 0)));
#endif
}
