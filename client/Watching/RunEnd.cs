using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Says how a watched run ended, and what exit code that is.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="summary">The words.</param>
/// <param name="isJson">Whether stdout is JSON's: then only messages on stderr are left.</param>
/// <param name="peakRssMiB">Peak memory of this process, where it is the one that trained.</param>
internal sealed class RunEnd(Terminal terminal, RunSummary summary, bool isJson, double? peakRssMiB = null)
{
    /// <summary>Says it, once the terminal is free again.</summary>
    /// <param name="end">The last event; null when it is not known.</param>
    /// <param name="status">Where the run stands; needed only when the last event is not known.</param>
    /// <param name="task">Task name; empty when it is not known.</param>
    /// <param name="resume">The command that goes on with the run.</param>
    /// <returns>The exit code.</returns>
    internal int Say(RunEvent? end, RunStatus? status, string task, string resume)
    {
        switch (end)
        {
            case RunCompleted done:
                if (!isJson)
                {
                    Write(summary.Completed(done, task, peakRssMiB));
                }

                return ExitCode.Done;
            case RunStopped stopped:
                if (isJson)
                {
                    Say($"stopped at version {stopped.Version}; resume with: {resume}");
                }
                else
                {
                    Write(summary.Stopped(stopped, resume));
                }

                return ExitCode.Interrupted;
            case RunFailed failed:
                Say($"run {failed.Run} failed at version {failed.Version}: {failed.Message}");
                return failed.Store ? ExitCode.BadInput : ExitCode.Failed;
            default:
                // It had ended before it was watched.
                Say($"run {status!.Run}: {Format.State(status.State)} at version {status.Version} of " +
                    $"{status.Steps}{(status.Message.Length > 0 ? ": " + status.Message : "")}");
                return ExitCode.Of(status.State);
        }
    }

    private void Write(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            terminal.Out.WriteLine(line);
        }
    }

    private void Say(string message) => terminal.Error.WriteLine("bgpo: " + message.ReplaceLineEndings(" "));
}
