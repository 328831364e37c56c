namespace Bgpo.Tasks.Sandboxes;

/// <summary>What a program in a sandbox may use.</summary>
public sealed record SandboxLimits
{
    /// <summary>Processor time, whole seconds, over all threads (RLIMIT_CPU).</summary>
    public int CpuSeconds { get; init; } = 4;

    /// <summary>Address space, MiB (RLIMIT_AS). A program is one process, so this bounds its memory.</summary>
    public int MemoryMiB { get; init; } = 512;

    /// <summary>Threads, the interpreter's own and the namespace's first process included (RLIMIT_NPROC).</summary>
    public int Threads { get; init; } = 32;

    /// <summary>Largest file, and all files together, MiB.</summary>
    public int FilesMiB { get; init; } = 16;

    /// <summary>Longest line that a program may send, bytes.</summary>
    public int LineBytes { get; init; } = 1 << 20;
}
