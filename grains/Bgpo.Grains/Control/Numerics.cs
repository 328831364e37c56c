using Bgpo.Grains.Placement;
using Bgpo.Spec;

namespace Bgpo.Grains.Control;

/// <summary>
/// Which silos may work for a run: by default only those that compute the same bits as those on which it began.
/// </summary>
/// <param name="lease">The run's record, which says on what it began.</param>
/// <param name="reporter">Told, once for each silo, that its numerics are not the run's.</param>
internal sealed class Numerics(RunLease lease, RunReporter reporter)
{
    private const string Probe = "; probe ";

    private readonly HashSet<string> _told = [];

    /// <summary>A strict run does not go on where nobody computes as those that began it did.</summary>
    /// <param name="spec">The run's spec.</param>
    /// <param name="silos">The live silos.</param>
    /// <exception cref="RunException">None of them suits.</exception>
    internal void Check(RunSpec spec, IReadOnlyList<SiloDevices> silos)
    {
        SiloDevices[] workers = [.. silos.Where(silo => silo.Devices > 0)];
        if (workers.Length > 0 && Array.TrueForAll(workers, silo => !IsSuitable(spec, silo)))
        {
            throw new RunException(
                $"run '{lease.Record.RunId}' began on [{lease.Record.NumericsFingerprint}]; here is only " +
                    $"[{workers[0].Numerics}], and its weights would differ "
                + "in their last bits. Resume it on such a machine, or fork it with --set run.reproducible=warn.");
        }
    }

    /// <summary>Whether a silo may work for the run; tells where its numerics are others.</summary>
    /// <param name="spec">The run's spec.</param>
    /// <param name="silo">The silo.</param>
    internal bool MayWork(RunSpec spec, SiloDevices silo)
    {
        bool mayWork = IsSuitable(spec, silo);
        if (!IsSame(silo.Numerics, lease.Record.NumericsFingerprint) && _told.Add(silo.Silo))
        {
            reporter.OtherNumerics(silo, mayWork, lease.Record.NumericsFingerprint);
        }
        return mayWork;
    }

    private bool IsSuitable(RunSpec spec, SiloDevices silo) =>
        spec.Run.Reproducible != Reproducibility.Strict || IsSame(silo.Numerics, lease.Record.NumericsFingerprint);

    /// <summary>
    /// Whether a silo computes as the run began; a run that was begun before there was a probe says nothing of it.
    /// </summary>
    private static bool IsSame(string silo, string run) =>
        silo == run || (!run.Contains(Probe, StringComparison.Ordinal) && silo.Split(Probe)[0] == run);
}
