using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Choosing, scattering and drawing elements.</content>
    public partial class Tensor
    {
        /// <summary>The given indices of a dimension.</summary>
        public Tensor index_select(long dim, Tensor index) => Result(ts_index_select(Handle, dim, index.Handle), index);

        /// <summary>For every place of index, the element that it names along a dimension.</summary>
        public Tensor gather(long dim, Tensor index) => Result(ts_gather(Handle, dim, index.Handle), index);

        /// <summary>The tensor with src written where index names places along a dimension.</summary>
        public Tensor scatter(long dim, Tensor index, Tensor src)
            => Result(ts_scatter(Handle, dim, index.Handle, src.Handle), index, src);

        /// <summary>Writes src where index names places along a dimension.</summary>
        public Tensor scatter_(long dim, Tensor index, Tensor src)
            => InPlace(ts_scatter_(Handle, dim, index.Handle, src.Handle), index, src);

        /// <summary>The tensor with src added where index names places along a dimension.</summary>
        public Tensor scatter_add(long dim, Tensor index, Tensor src)
            => Result(ts_scatter_add(Handle, dim, index.Handle, src.Handle), index, src);

        /// <summary>Adds src where index names places along a dimension.</summary>
        public Tensor scatter_add_(long dim, Tensor index, Tensor src)
            => InPlace(ts_scatter_add_(Handle, dim, index.Handle, src.Handle), index, src);

        /// <summary>The tensor with alpha * source added at indices of a dimension.</summary>
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha)
            => Result(ts_index_add(Handle, dim, index.Handle, source.Handle, alpha.Value), index, source);

        /// <summary>Adds alpha * source at indices of a dimension.</summary>
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha)
            => InPlace(ts_index_add_(Handle, dim, index.Handle, source.Handle, alpha.Value), index, source);

        /// <summary>The tensor with a value where the mask is true.</summary>
        public Tensor masked_fill(Tensor mask, Scalar value) => Result(ts_masked_fill(Handle, mask.Handle, value.Value), mask);

        /// <summary>Writes a value where the mask is true.</summary>
        public Tensor masked_fill_(Tensor mask, Scalar value)
            => InPlace(ts_masked_fill_(Handle, mask.Handle, value.Value), mask);

        /// <summary>The elements where the mask is true, in order.</summary>
        public Tensor masked_select(Tensor mask) => Result(ts_masked_select(Handle, mask.Handle), mask);

        /// <summary>The indices of the elements that are not 0, one row each.</summary>
        public Tensor nonzero() => Result(ts_nonzero(Handle));

        /// <summary>This where the condition holds, y elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => Result(ts_where(condition.Handle, Handle, y.Handle), condition, y);

        /// <summary>The part on and above a diagonal, 0 elsewhere.</summary>
        public Tensor triu(long diagonal = 0) => Result(ts_triu(Handle, diagonal));

        /// <summary>The part on and below a diagonal, 0 elsewhere.</summary>
        public Tensor tril(long diagonal = 0) => Result(ts_tril(Handle, diagonal));

        /// <summary>Draws every element evenly from [from, to).</summary>
        public Tensor uniform_(double from, double to, Generator? generator = null)
            => InPlace(ts_uniform_(Handle, from, to, generator?.Handle ?? 0));

        /// <summary>Draws every element from a normal distribution.</summary>
        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null)
            => InPlace(ts_normal_(Handle, mean, std, generator?.Handle ?? 0));
    }
}
