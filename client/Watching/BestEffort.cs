namespace Bgpo.Client.Watching;

/// <summary>
/// Does what accompanies a run until it fails, which is told once: a copy of what the store has is not worth the run.
/// </summary>
/// <param name="what">What is written, as people know it.</param>
/// <param name="failed">Told what no longer works, and why.</param>
internal sealed class BestEffort(string what, Action<string> failed)
{
    private bool _hasFailed;

    /// <summary>Does it, unless it has failed before.</summary>
    internal void Try(Action write)
    {
        if (_hasFailed)
        {
            return;
        }

        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _hasFailed = true;
            failed($"{what} is no longer written: {e.Message}");
        }
    }
}
