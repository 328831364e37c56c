using Bgpo.Client.Clusters;
using Bgpo.Client.Hosting;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>Where a run stands, as commands print it.</summary>
/// <param name="Run">Its id.</param>
/// <param name="State">What it is doing; lost where the store says running and no silo lives.</param>
/// <param name="Version">Versions committed; where nobody drives it, the newest checkpoint's or, where more is known, the newest
/// that was measured.</param>
/// <param name="Steps">Versions to reach.</param>
/// <param name="Checkpoint">Newest checkpoint's version; -1 before the first.</param>
/// <param name="Epoch">Its controller's epoch.</param>
/// <param name="Message">Why it stopped or failed; empty otherwise.</param>
/// <param name="Cluster">The cluster that drives it; empty when none does, or a process alone.</param>
/// <param name="WeightsSha256">The final weights' hash; null before the end.</param>
/// <param name="Changes">Fields that were changed in mid-run, oldest first.</param>
/// <param name="Waiting">Requests that the run has not taken yet.</param>
internal sealed record RunSummaryRow(
    string Run, RunState State, int Version, int Steps, int Checkpoint, long Epoch, string Message, string Cluster,
    string? WeightsSha256 = null,
    IReadOnlyList<SpecChange>? Changes = null, int Waiting = 0)
{
    /// <summary>Name of the silo whose controller drives it; empty where nobody is seen to.</summary>
    public string Silo { get; init; } = "";

    /// <summary>How far it has come; null before the first step, and where nobody asked for it.</summary>
    public RunProgress? Progress { get; init; }

    /// <summary>What its controller says.</summary>
    internal static RunSummaryRow Of(RunStatus status, string cluster) => new(
        status.Run, status.State, status.Version, status.Steps, status.Checkpoint, status.Epoch, status.Message, cluster)
    {
        Silo = status.SiloName,
    };

    /// <summary>What its store says.</summary>
    internal static RunSummaryRow Of(ConsoleContext context, RunRecord record)
    {
        var driver = DriverOf(context, record);
        return new RunSummaryRow(
            record.RunId, record.State == RunState.Running && driver.Length == 0 ? RunState.Lost : record.State,
            record.LatestCheckpoint ?? 0,
            new RunSettings(record).Newest.Run.Steps, record.LatestCheckpoint ?? -1, record.Epoch, record.Reason ?? "",
            driver, (string?)record.Result?[RunResult.Weights], record.Changes ?? []);
    }

    /// <summary>What is known best: the controller's word, or the store's.</summary>
    internal static async Task<RunSummaryRow> Of(ConsoleContext context, RunTarget target)
    {
        var requests = await target.Store.ReadRequestsAsync(context.Interrupts.Token);
        var stored = Of(context,
            target.Record) with
        { Waiting = requests.Requests.Count(request => request.Number > target.Record.RequestsTaken) };
        if (target.Cluster is not { } cluster || target.Record.State
            is not (RunState.Running or RunState.Paused))
        {
            return stored;
        }

        try
        {
            var status = await cluster.GetRun(target.Run).GetStatus();
            return status.State == RunState.Unknown ? stored : Of(status, cluster.Name) with
            {
                WeightsSha256 = stored.WeightsSha256,
                Changes = stored.Changes,
                Waiting = stored.Waiting,
            };
        }
        catch (Exception e) when (TransientErrors.Is(e))
        {
            return stored; // its controller is on its way to another silo
        }
    }

    /// <summary>Who drives a run: a cluster that lives, a process that trains it alone, or nobody.</summary>
    internal static string DriverOf(ConsoleContext context, RunRecord record)
    {
        if (record.State is not (RunState.Running or RunState.Paused))
        {
            return "";
        }

        if (!RunOwners.IsOfThisMachine(record))
        {
            return context.Time.GetUtcNow() - record.Updated >= RunRecord.LeaseDuration ? ""
                : RunOwners.NameOf(record) + OwnerWatch.Skew(context, record);
        }

        if (!record.Cluster.StartsWith(BgpoSilo.OfProcess, StringComparison.Ordinal))
        {
            return record.Cluster.Length > 0 && context.Training.IsAlive(record.Cluster) ? record.Cluster : "";
        }

        var identity = record.Cluster[BgpoSilo.OfProcess.Length..];
        return int.TryParse(identity.Split(':')[0], out var id) && context.Machine.Find(id)?.Identity == identity
            ? $"process {id}" : "";
    }
}
