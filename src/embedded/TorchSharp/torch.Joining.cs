using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

/// <content>Joining, choosing and reshaping, as functions.</content>
public static partial class torch
{
    /// <summary>Tensors one after the other along a dimension that is there.</summary>
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => Join(tensors, dim, newDimension: false);

    /// <summary>Tensors one after the other along a dimension that is there.</summary>
    public static Tensor cat(Tensor[] tensors, long dim = 0) => Join(tensors, dim, newDimension: false);

    /// <summary>Tensors of one shape along a new dimension.</summary>
    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0)
        => Join(tensors as IList<Tensor> ?? [.. tensors], dim, newDimension: true);

    /// <summary>x where the condition holds, y elsewhere.</summary>
    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);

    /// <summary>The given indices of a dimension.</summary>
    public static Tensor index_select(Tensor input, long dim, Tensor index) => input.index_select(dim, index);

    /// <summary>For every place of index, the element that it names along a dimension.</summary>
    public static Tensor gather(Tensor input, long dim, Tensor index) => input.gather(dim, index);

    /// <summary>A view of the part [start, start + length) of a dimension.</summary>
    public static Tensor narrow(Tensor input, long dim, long start, long length) => input.narrow(dim, start, length);

    /// <summary>Another shape: a view where possible, else a copy; one size may be -1.</summary>
    public static Tensor reshape(Tensor input, params long[] shape) => input.reshape(shape);

    /// <summary>A view with two dimensions exchanged.</summary>
    public static Tensor transpose(Tensor input, long dim0, long dim1) => input.transpose(dim0, dim1);

    /// <summary>A view with the dimensions in another order.</summary>
    public static Tensor permute(Tensor input, params long[] permutation) => input.permute(permutation);

    /// <summary>A view with a dimension of size 1 put in.</summary>
    public static Tensor unsqueeze(Tensor input, long dim) => input.unsqueeze(dim);

    /// <summary>A view without dimensions of size 1: all, or the given one.</summary>
    public static Tensor squeeze(Tensor input, long? dim = null) => input.squeeze(dim);

    /// <summary>Views of a dimension in at most so many equal parts.</summary>
    public static Tensor[] chunk(Tensor input, long chunks, long dim = 0) => input.chunk(chunks, dim);

    /// <summary>The part on and above a diagonal, 0 elsewhere.</summary>
    public static Tensor triu(Tensor input, long diagonal = 0L) => input.triu(diagonal);

    /// <summary>The part on and below a diagonal, 0 elsewhere.</summary>
    public static Tensor tril(Tensor input, long diagonal = 0) => input.tril(diagonal);

    private static unsafe Tensor Join(IList<Tensor> tensors, long dim, bool newDimension)
    {
        var handles = Handles(tensors);
        fixed (IntPtr* p = handles)
        {
            var result = newDimension ? ts_stack(p, handles.Length, dim) : ts_cat(p, handles.Length, dim);
            GC.KeepAlive(tensors);
            return Tensor.Own(result);
        }
    }
}
