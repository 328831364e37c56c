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

    /// <summary>Stopped by Ctrl-C, SIGTERM or <c>run stop</c>.</summary>
    internal const int Interrupted = 130;

    /// <summary>What a run's state comes to, for who waited for its end.</summary>
    /// <param name="state">The state.</param>
    internal static int Of(RunState state) => state switch
    {
        RunState.Completed => Done,
        RunState.Stopped => Interrupted,
        _ => Failed,
    };
}
