namespace Bgpo.Tasks.Sandboxes;

/// <summary>No sandbox can be had on this machine.</summary>
/// <param name="message">What is wrong and what to do, in one line.</param>
public sealed class SandboxUnavailableException(string message) : Exception(message);
