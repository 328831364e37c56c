using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Sums, extremes, orders and products.</content>
    public partial class Tensor
    {
        /// <summary>The sum of all elements, accumulated in the given type.</summary>
        public Tensor sum(ScalarType? type = null) => Result(ts_sum(Handle, Optional(type)));

        /// <summary>The sum over dimensions.</summary>
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sum(dim.AsSpan(), keepdim, type);

        /// <summary>The sum over dimensions.</summary>
        public unsafe Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dim)
                return Result(ts_sum_dims(Handle, p, dim.Length, Flag(keepdim), Optional(type)));
        }

        /// <summary>The sum over a dimension.</summary>
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)[dim], keepdim, type);

        /// <summary>The mean of all elements.</summary>
        public Tensor mean() => Result(ts_mean(Handle));

        /// <summary>The mean over dimensions.</summary>
        public unsafe Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dimensions)
                return Result(ts_mean_dims(Handle, p, dimensions.Length, Flag(keepdim), Optional(type)));
        }

        /// <summary>The variance of all elements.</summary>
        public Tensor var(bool unbiased = true) => Result(ts_var(Handle, Flag(unbiased)));

        /// <summary>The variance over dimensions.</summary>
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
            => var(dimensions.AsSpan(), unbiased, keepdim, type);

        /// <summary>The variance over dimensions.</summary>
        public unsafe Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dimensions)
            {
                var result = Result(ts_var_dims(Handle, p, dimensions.Length, Flag(unbiased), Flag(keepdim)));
                return type is { } wanted && wanted != result.dtype ? result.to_type(wanted, disposeAfter: true) : result;
            }
        }

        /// <summary>The variance over a dimension.</summary>
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
            => var((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);

        /// <summary>The standard deviation of all elements.</summary>
        public Tensor std(bool unbiased = true) => Result(ts_std(Handle, Flag(unbiased)));

        /// <summary>The standard deviation over dimensions.</summary>
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
            => std(dimensions.AsSpan(), unbiased, keepdim, type);

        /// <summary>The standard deviation over dimensions.</summary>
        public unsafe Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dimensions)
            {
                var result = Result(ts_std_dims(Handle, p, dimensions.Length, Flag(unbiased), Flag(keepdim)));
                return type is { } wanted && wanted != result.dtype ? result.to_type(wanted, disposeAfter: true) : result;
            }
        }

        /// <summary>The standard deviation over a dimension.</summary>
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
            => std((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);

        /// <summary>The largest elements over dimensions; equal ones share the gradient.</summary>
        public Tensor amax(params long[] dims) => amax(dims.AsSpan());

        /// <summary>The largest elements over dimensions, written to a tensor where one is given.</summary>
        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => amax(dims.AsSpan(), keepdim, @out);

        /// <summary>The largest elements over dimensions, written to a tensor where one is given.</summary>
        public unsafe Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            fixed (long* p = dims)
                return Result(ts_amax(Handle, p, dims.Length, Flag(keepdim), Optional(@out)), @out);
        }

        /// <summary>The smallest elements over dimensions; equal ones share the gradient.</summary>
        public Tensor amin(params long[] dims) => amin(dims.AsSpan());

        /// <summary>The smallest elements over dimensions, written to a tensor where one is given.</summary>
        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => amin(dims.AsSpan(), keepdim, @out);

        /// <summary>The smallest elements over dimensions, written to a tensor where one is given.</summary>
        public unsafe Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            fixed (long* p = dims)
                return Result(ts_amin(Handle, p, dims.Length, Flag(keepdim), Optional(@out)), @out);
        }

        /// <summary>The largest element.</summary>
        public Tensor max() => Result(ts_max(Handle));

        /// <summary>The larger of each two elements.</summary>
        public Tensor max(Tensor other) => maximum(other);

        /// <summary>The largest elements over a dimension, and where they are.</summary>
        public unsafe (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            IntPtr indexes = 0;
            var values = ts_max_dim(Handle, dim, Flag(keepdim), &indexes);
            return Results(values, indexes);
        }

        /// <summary>The smallest element.</summary>
        public Tensor min() => Result(ts_min(Handle));

        /// <summary>The smaller of each two elements.</summary>
        public Tensor min(Tensor other) => minimum(other);

        /// <summary>The smallest elements over a dimension, and where they are.</summary>
        public unsafe (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            IntPtr indexes = 0;
            var values = ts_min_dim(Handle, dim, Flag(keepdim), &indexes);
            return Results(values, indexes);
        }

        /// <summary>The k largest (or smallest) elements over a dimension, and where they are.</summary>
        public unsafe (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            IntPtr indexes = 0;
            var values = ts_topk(Handle, k, dim, Flag(largest), Flag(sorted), &indexes);
            return Results(values, indexes);
        }

        /// <summary>The elements of every row along a dimension in order, and where they were.</summary>
        public unsafe (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            IntPtr indices = 0;
            var values = ts_sort(Handle, dim, Flag(descending), Flag(stable), &indices);
            return Results(values, indices);
        }

        /// <summary>The number of the largest element, counting all in order.</summary>
        public Tensor argmax() => Result(ts_argmax(Handle));

        /// <summary>The index of the largest element over a dimension.</summary>
        public Tensor argmax(long dim, bool keepdim = false) => Result(ts_argmax_dim(Handle, dim, Flag(keepdim)));

        /// <summary>The number of the smallest element, counting all in order.</summary>
        public Tensor argmin() => Result(ts_argmin(Handle));

        /// <summary>The index of the smallest element over a dimension.</summary>
        public Tensor argmin(long dim, bool keepdim = false) => Result(ts_argmin_dim(Handle, dim, Flag(keepdim)));

        /// <summary>Whether no element is 0.</summary>
        public Tensor all() => Result(ts_all(Handle));

        /// <summary>Whether no element is 0, over a dimension.</summary>
        public Tensor all(long dim, bool keepdim = false) => Result(ts_all_dim(Handle, dim, Flag(keepdim)));

        /// <summary>Whether some element is not 0.</summary>
        public Tensor any() => Result(ts_any(Handle));

        /// <summary>Whether some element is not 0, over a dimension.</summary>
        public Tensor any(long dim, bool keepdim = false) => Result(ts_any_dim(Handle, dim, Flag(keepdim)));

        /// <summary>The running sum along a dimension.</summary>
        public Tensor cumsum(long dim, ScalarType? type = null) => Result(ts_cumsum(Handle, dim, Optional(type)));

        /// <summary>log(sum(exp(x))) over a dimension, without overflow.</summary>
        public Tensor logsumexp(long dim, bool keepdim = false) => Result(ts_logsumexp(Handle, dim, Flag(keepdim)));

        /// <summary>exp(x) / sum(exp(x)) along a dimension.</summary>
        public Tensor softmax(long dim, ScalarType? dtype = null)
            => Result(ts_softmax(Handle, dim, (int)(dtype ?? this.dtype)));

        /// <summary>The logarithm of the softmax along a dimension.</summary>
        public Tensor log_softmax(long dim, ScalarType? dtype = null)
            => Result(ts_log_softmax(Handle, dim, (int)(dtype ?? this.dtype)));

        /// <summary>The p-norm of all elements.</summary>
        public Tensor norm(float p = 2.0f) => Result(ts_norm(Handle, p));

        /// <summary>The p-norm over a dimension.</summary>
        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => Result(ts_norm_dim(Handle, dim, Flag(keepdim), p));

        /// <summary>The matrix product over the last two dimensions, broadcasting the others.</summary>
        public Tensor matmul(Tensor target) => Result(ts_matmul(Handle, target.Handle), target);

        /// <summary>The product of two matrices.</summary>
        public Tensor mm(Tensor target) => Result(ts_mm(Handle, target.Handle), target);

        /// <summary>The products of two equally long lists of matrices.</summary>
        public Tensor bmm(Tensor batch2) => Result(ts_bmm(Handle, batch2.Handle), batch2);

        private static int Optional(ScalarType? type) => type is { } given ? (int)given : -1;
    }
}
