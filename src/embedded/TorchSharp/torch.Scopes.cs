namespace TorchSharp;

public static partial class torch
{
    /// <summary>The innermost dispose scope of this thread, or null.</summary>
    public static DisposeScope? CurrentDisposeScope => DisposeScope.Current;

    /// <summary>Opens a dispose scope on this thread: tensors made until it is disposed are freed with it.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScope.Enter();

    /// <summary>Evaluates an expression in a scope of its own, from which only the result comes out.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        ArgumentNullException.ThrowIfNull(expr);
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
