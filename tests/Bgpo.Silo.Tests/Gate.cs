using System.Collections.Concurrent;

namespace Bgpo.Silo.Tests;

/// <summary>Where grains and tests of one process meet: named events, waited for with a deadline instead of sleeping.</summary>
public static class Gate
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> Gates = new();

    public static void Open(string name) => Of(name).TrySetResult();

    public static Task Wait(string name) => Of(name).Task.WaitAsync(TimeSpan.FromSeconds(20));

    public static bool IsOpen(string name) => Of(name).Task.IsCompleted;

    private static TaskCompletionSource Of(string name) =>
        Gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
