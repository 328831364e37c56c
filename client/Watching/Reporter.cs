namespace Bgpo.Client.Watching;

/// <summary>Reports in place, in order, on the caller's thread (unlike <see cref="Progress{T}"/>).</summary>
/// <param name="report">Takes each report.</param>
internal sealed class Reporter<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
