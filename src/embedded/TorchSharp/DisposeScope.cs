namespace TorchSharp;

/// <summary>
/// Frees the tensors made on its thread while it was the innermost scope, when it is disposed. Scopes nest; a tensor leaves its
/// scope by <see cref="torch.Tensor.MoveToOuterDisposeScope"/>, <see cref="torch.Tensor.DetachFromDisposeScope"/> or by being
/// disposed. A scope and the tensors in it belong to one thread: detach a tensor before another thread takes it over.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic]
    private static DisposeScope? t_current;

    // The tensors form a list through their own fields, so that entering and leaving cost no allocation.
    private torch.Tensor? _first;
    private DisposeScope? _outer;
    private bool _disposed;

    private DisposeScope(DisposeScope? outer) => _outer = outer;

    /// <summary>The number of tensors that wait to be freed.</summary>
    public int DisposablesCount { get; private set; }

    internal static DisposeScope? Current => t_current;

    internal static DisposeScope Enter() => t_current = new DisposeScope(t_current);

    /// <summary>Moves a tensor to the scope around this one, or out of all scopes where there is none.</summary>
    /// <returns>The same tensor.</returns>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable
    {
        MoveTo(_outer, disposable);
        return disposable;
    }

    /// <summary>Takes a tensor out of all scopes.</summary>
    /// <returns>The same tensor.</returns>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        MoveTo(null, disposable);
        return disposable;
    }

    /// <summary>Puts a tensor into this scope, taking it out of the one that it is in.</summary>
    /// <exception cref="InvalidOperationException">It is no tensor.</exception>
    public void Attach(IDisposable disposable)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (disposable is not torch.Tensor tensor)
            throw new InvalidOperationException($"a dispose scope holds tensors, not {disposable?.GetType().Name ?? "null"}");
        tensor.Scope?.Remove(tensor);
        Add(tensor);
    }

    /// <summary>Frees what is in the scope now; the scope goes on.</summary>
    public void DisposeEverything()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (_first is { } tensor)
            tensor.Dispose();
    }

    /// <summary>Frees what is in the scope and ends it.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        DisposeEverything();
        _disposed = true;

        // Usually this is the innermost scope; one disposed out of order is taken out from the middle.
        if (ReferenceEquals(t_current, this))
        {
            t_current = _outer;
            return;
        }

        for (var scope = t_current; scope is not null; scope = scope._outer)
        {
            if (ReferenceEquals(scope._outer, this))
                scope._outer = _outer;
        }
    }

    internal void Add(torch.Tensor tensor)
    {
        tensor.Scope = this;
        tensor.Next = _first;
        if (_first is not null)
            _first.Previous = tensor;
        _first = tensor;
        DisposablesCount++;
    }

    internal void Remove(torch.Tensor tensor)
    {
        if (tensor.Previous is not null)
            tensor.Previous.Next = tensor.Next;
        else
            _first = tensor.Next;
        if (tensor.Next is not null)
            tensor.Next.Previous = tensor.Previous;
        tensor.Scope = null;
        tensor.Next = null;
        tensor.Previous = null;
        DisposablesCount--;
    }

    /// <summary>Moves a tensor of this scope to another, or out of all where that is null.</summary>
    internal void MoveTo(DisposeScope? other, IDisposable disposable)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (disposable is not torch.Tensor tensor || !ReferenceEquals(tensor.Scope, this))
            return;
        Remove(tensor);
        other?.Add(tensor);
    }

    internal void MoveToOuter(torch.Tensor tensor) => MoveTo(_outer, tensor);
}
