using System.Diagnostics;
using Bgpo.Silo.Machines;

namespace Bgpo.Client.Clusters;

/// <summary>Ends silos' processes: asks them to leave, and ends those that do not.</summary>
internal static class SiloEnding
{
    /// <summary>How long a silo may take to leave: its own deadline and a little more.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends all silos that a question is answered with yes for, also those that join meanwhile.</summary>
    /// <param name="machine">Where.</param>
    /// <param name="wanted">The question.</param>
    /// <param name="patience">After this they are killed.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Processes that left, and processes that had to be killed.</returns>
    internal static async Task<(int Left, int Killed)> End(
        IMachine machine, Func<MachineProcess, bool> wanted, TimeSpan patience, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        HashSet<string> asked = [];
        HashSet<string> killed = [];
        while (machine.Silos(wanted) is { Count: > 0 } silos)
        {
            bool late = Stopwatch.GetElapsedTime(started) > patience;
            foreach (MachineProcess silo in silos)
            {
                if (late && killed.Add(silo.Identity))
                {
                    _ = machine.Send(silo, ProcessTable.Kill);
                }
                else if (asked.Add(silo.Identity))
                {
                    // One that hangs must wake to leave.
                    _ = machine.Send(silo, ProcessTable.Terminate);
                    _ = machine.Send(silo, ProcessTable.Continue);
                }
            }
            await Task.Delay(s_look, cancellationToken);
        }
        return (asked.Count - killed.Count, killed.Count);
    }
}
