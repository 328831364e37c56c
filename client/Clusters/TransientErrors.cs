namespace Bgpo.Client.Clusters;

/// <summary>Tells calls that went with their silo from calls that were refused.</summary>
internal static class TransientErrors
{
    /// <summary>
    /// Whether a call's outcome is unknown because the silo that had it died, hung or left. It can be made again.
    /// </summary>
    /// <param name="exception">What the call threw; the caller itself must not have cancelled it.</param>
    internal static bool Is(Exception exception) =>
        exception is OrleansException or TimeoutException or EnumerationAbortedException or OperationCanceledException;
}
