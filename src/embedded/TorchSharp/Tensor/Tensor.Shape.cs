using System.Runtime.CompilerServices;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Views, shapes and parts.</content>
    public partial class Tensor
    {
        /// <summary>The same memory in another shape; one size may be -1.</summary>
        public unsafe Tensor view(params long[] shape)
        {
            fixed (long* p = shape)
                return Result(ts_view(Handle, p, shape.Length));
        }

        /// <summary>Another shape: a view where possible, else a copy; one size may be -1.</summary>
        public unsafe Tensor reshape(params long[] shape)
        {
            fixed (long* p = shape)
                return Result(ts_reshape(Handle, p, shape.Length));
        }

        /// <summary>The same memory in the shape of another tensor.</summary>
        public Tensor view_as(Tensor other) => view(other.shape);

        /// <summary>The dimensions from start_dim to end_dim made one.</summary>
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Result(ts_flatten(Handle, start_dim, end_dim));

        /// <summary>A view with two dimensions exchanged.</summary>
        public Tensor transpose(long dim0, long dim1) => Result(ts_transpose(Handle, dim0, dim1));

        /// <summary>A view with the dimensions in another order.</summary>
        public unsafe Tensor permute(params long[] permutation)
        {
            fixed (long* p = permutation)
                return Result(ts_permute(Handle, p, permutation.Length));
        }

        /// <summary>A matrix transposed.</summary>
        public Tensor t() => Result(ts_t(Handle));

        /// <summary>A view with a dimension of size 1 put in.</summary>
        public Tensor unsqueeze(long dim) => Result(ts_unsqueeze(Handle, dim));

        /// <summary>A view without dimensions of size 1: all, or the given one.</summary>
        public Tensor squeeze(long? dim = null) => Result(dim is { } d ? ts_squeeze_dim(Handle, d) : ts_squeeze(Handle));

        /// <summary>A view that repeats dimensions of size 1; -1 keeps a size.</summary>
        public Tensor expand(params long[] sizes) => expand(sizes.AsSpan());

        /// <summary>A view that repeats dimensions of size 1; -1 keeps a size.</summary>
        public Tensor expand(long[] sizes, bool isImplicit = false) => expand(sizes.AsSpan(), isImplicit);

        /// <summary>A view that repeats dimensions of size 1; -1 keeps a size.</summary>
        public unsafe Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false)
        {
            fixed (long* p = sizes)
                return Result(ts_expand(Handle, p, sizes.Length, isImplicit ? 1 : 0));
        }

        /// <summary>A view repeated to the shape of another tensor.</summary>
        public Tensor expand_as(Tensor other) => expand(other.shape.AsSpan());

        /// <summary>A view of the part [start, start + length) of a dimension.</summary>
        public Tensor narrow(long dim, long start, long length) => Result(ts_narrow(Handle, dim, start, length));

        /// <summary>A view of the part [start, finish) of a dimension, in steps.</summary>
        public Tensor slice(long dim, long start, long finish, long step) => Result(ts_slice(Handle, dim, start, finish, step));

        /// <summary>A view of one index of a dimension, which goes away.</summary>
        public Tensor select(long dim, long index) => Result(ts_select(Handle, dim, index));

        /// <summary>Views of a dimension in at most so many equal parts.</summary>
        public unsafe Tensor[] chunk(long chunks, long dim = 0L)
        {
            IntPtr* array;
            int count;
            var status = ts_chunk(Handle, chunks, dim, &array, &count);
            return Results(status, array, count);
        }

        /// <summary>Views of a dimension in parts of a size, the last maybe smaller.</summary>
        public unsafe Tensor[] split(long size, int dim = 0)
        {
            IntPtr* array;
            int count;
            var status = ts_split(Handle, size, dim, &array, &count);
            return Results(status, array, count);
        }

        /// <summary>Views of a dimension in parts of the given sizes.</summary>
        public Tensor[] split(long[] sizes, long dim = 0) => split(sizes.AsSpan(), dim);

        /// <summary>Views of a dimension in parts of the given sizes.</summary>
        public unsafe Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0)
        {
            IntPtr* array;
            int count;
            int status;
            fixed (long* p = sizes)
                status = ts_split_sizes(Handle, p, sizes.Length, dim, &array, &count);
            return Results(status, array, count);
        }

        /// <summary>The tensor repeated so many times along each dimension.</summary>
        public unsafe Tensor repeat(params long[] sizes)
        {
            fixed (long* p = sizes)
                return Result(ts_repeat(Handle, p, sizes.Length));
        }

        /// <summary>Every element (or index of a dimension) repeated in place.</summary>
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
            => Result(ts_repeat_interleave(Handle, repeats, dim ?? 0, dim.HasValue ? 1 : 0));

        /// <summary>The tensor, or a copy of it that is contiguous.</summary>
        public Tensor contiguous() => Result(ts_contiguous(Handle));

        /// <summary>A view of one index of the first dimension; setting it copies a tensor in.</summary>
        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => select(0, i1);
            set
            {
                using var target = select(0, i1);
                target.copy_(value);
            }
        }

        /// <summary>A view of one index of the first two dimensions; setting it copies a tensor in.</summary>
        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get
            {
                using var row = select(0, i1);
                return row.select(0, i2);
            }

            set
            {
                using var target = this[i1, i2];
                target.copy_(value);
            }
        }
    }
}
