namespace Bgpo.Client;

/// <summary>What the console's exit codes mean.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    internal const int Done = 0;

    /// <summary>The run or the command failed.</summary>
    internal const int Failed = 1;

    /// <summary>Bad usage, a bad spec, or input that cannot be used.</summary>
    internal const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    internal const int Interrupted = 130;
}
