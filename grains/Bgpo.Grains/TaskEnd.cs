using System.Runtime.CompilerServices;

namespace Bgpo.Grains;

/// <summary>Waits for a task's end, whatever that is.</summary>
internal static class TaskEnd
{
    /// <summary>Awaits the end of a task inside a grain: neither a failure nor a cancellation is thrown.</summary>
    /// <param name="task">The task.</param>
    internal static ConfiguredTaskAwaitable AnyEnd(this Task task) =>
        task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
}
