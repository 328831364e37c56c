namespace Bgpo.Tasks.Sandboxes;

/// <summary>A sandbox answers no more.</summary>
/// <param name="end">Why.</param>
/// <param name="message">The same for people, such as "ended with exit code 3".</param>
public sealed class SandboxEndedException(SandboxEnd end, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public SandboxEnd End { get; } = end;
}
