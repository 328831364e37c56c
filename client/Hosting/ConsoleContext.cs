using Bgpo.Client.Clusters;
using Bgpo.Client.Models;

namespace Bgpo.Client.Hosting;

/// <summary>What commands work with.</summary>
/// <param name="Terminal">Where they write.</param>
/// <param name="Paths">Where they look files up.</param>
/// <param name="Interrupts">Ctrl-C.</param>
/// <param name="Time">The clock.</param>
/// <param name="Training">Starts what runs live in.</param>
/// <param name="Models">Works with models.</param>
/// <param name="Machine">This machine's processes.</param>
internal sealed record ConsoleContext(
    Terminal Terminal, ProjectPaths Paths, Interrupts Interrupts, TimeProvider Time, ITrainingHost Training,
    IModelCommands Models,
    IMachine Machine)
{
    /// <summary>The same for who waits for a run's end; see <see cref="Terminal.BesideARun"/>.</summary>
    internal ConsoleContext BesideARun() => this with { Terminal = Terminal.BesideARun() };

    /// <summary>This process's peak memory, MiB.</summary>
    internal static double PeakRssMiB()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / (1024.0 * 1024.0);
    }
}
