namespace Bgpo.Silo.Tests;

/// <summary>Hears that a silo was declared dead.</summary>
public sealed class Eviction : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The reason.</summary>
    public Task<string> Happened => _happened.Task;

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
        _happened.TrySetResult(context ?? "");
}
