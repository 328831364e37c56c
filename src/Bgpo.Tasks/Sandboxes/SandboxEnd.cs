namespace Bgpo.Tasks.Sandboxes;

/// <summary>Why a sandbox answers no more.</summary>
public enum SandboxEnd
{
    /// <summary>The program took longer than it may.</summary>
    TimedOut,

    /// <summary>The machine gave the program too little processor time to say whether it is slow.</summary>
    Starved,

    /// <summary>The program sent a longer line than it may.</summary>
    Flooded,

    /// <summary>The process ended.</summary>
    Exited,
}
