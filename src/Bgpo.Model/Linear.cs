using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model;

/// <summary>
/// A linear map y = W x + b, or several that share their input, as one matrix; each may have a low-rank adapter. Weights that are
/// kept in another type than the arithmetic's are cast a piece at a time when they are used.
/// </summary>
/// <param name="Weight">(out, in).</param>
/// <param name="Bias">(out), or null.</param>
/// <param name="Parts">The maps that it is made of, in order.</param>
/// <param name="Scale">What adapters are scaled by.</param>
internal sealed record Linear(Tensor Weight, Tensor? Bias, IReadOnlyList<LinearPart> Parts, double Scale)
{
    /// <summary>Rows that are cast together.</summary>
    private const long RowsAtOnce = 1 << 14;

    private bool HasAdapters => Parts.Any(part => part.A is not null);

    /// <summary>y of x.</summary>
    /// <param name="x">(..., in).</param>
    /// <returns>(..., out), the caller's.</returns>
    public Tensor Apply(Tensor x)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor y = Multiply(x, Weight, Bias);
        return (HasAdapters ? Adapt(x, y) : y).MoveToOuterDisposeScope();
    }

    /// <summary>W x + b, W cast to the type of x where it is kept in another.</summary>
    /// <param name="x">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <returns>(..., out), the caller's.</returns>
    public static Tensor Multiply(Tensor x, Tensor weight, Tensor? bias = null)
    {
        if (weight.dtype == x.dtype)
        {
            return F.linear(x, weight, bias);
        }
        using IDisposable scope = NewDisposeScope();
        long rows = weight.shape[0];
        List<Tensor> pieces = [];
        for (long from = 0; from < rows; from += RowsAtOnce)
        {
            using IDisposable piece = NewDisposeScope();
            Tensor cast = weight.narrow(0, from, Math.Min(RowsAtOnce, rows - from)).to(x.dtype);
            pieces.Add(F.linear(x, cast).MoveToOuterDisposeScope());
        }
        Tensor y = pieces.Count == 1 ? pieces[0] : cat(pieces, -1);
        return (bias is null ? y : y + bias.to(x.dtype)).MoveToOuterDisposeScope();
    }

    private Tensor Adapt(Tensor x, Tensor y)
    {
        List<Tensor> adapted = [];
        long at = 0;
        foreach (LinearPart part in Parts)
        {
            Tensor own = Parts.Count == 1 ? y : y.narrow(-1, at, part.Rows);
            at += part.Rows;
            adapted.Add(part.A is { } a && part.B is { } b
                ? own + (F.linear(F.linear(x, a.to(x.dtype)), b.to(x.dtype)) * Scale)
                : own);
        }
        return adapted.Count == 1 ? adapted[0] : cat(adapted, -1);
    }
}

/// <summary>One of the maps that a <see cref="Linear"/> is made of.</summary>
/// <param name="Rows">Its rows.</param>
/// <param name="A">(r, in), or null where it has no adapter.</param>
/// <param name="B">(Rows, r), or null.</param>
internal sealed record LinearPart(long Rows, Tensor? A = null, Tensor? B = null);
