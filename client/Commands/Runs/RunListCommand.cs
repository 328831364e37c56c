using System.CommandLine;
using System.Text.Json.Nodes;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary>
/// <c>bgpo run list</c>, and <c>bgpo runs</c> beside the other commands of a store: its runs, by what the store says and whether
/// their clusters live.
/// </summary>
internal static class RunListCommand
{
    /// <summary>Runs that are looked over at the same time: over a network each takes tens of milliseconds.</summary>
    private const int LooksAtOnce = 16;

    /// <summary>Makes <c>run list</c>.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var cluster = Flags.Text("--cluster", "NAME", "list the runs in that cluster's store");
        var store = Flags.Text("--store", "FOLDER", "where runs are kept; default: the cluster's, or runs");
        var active = Flags.Switch("--active", "only those that are running or paused");
        var json = Flags.Json("a JSON line for each run on stdout");
        var command = new Command("list", "Lists the runs of a store: state, version, reward, age, size, cluster.")
        {
            cluster, store, active, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var folder = await Folder(context, parsed.GetValue(cluster), parsed.GetValue(store));
            return await List(context, folder, parsed.GetValue(active), parsed.GetValue(json), parsed.GetValue(cluster));
        });
        return new CommandPart(command,
        [
            ("run list", "the runs in the folder runs"),
            ("run list --active --json | jq -r .run", "for scripts"),
        ]);
    }

    /// <summary>Makes <c>runs</c>.</summary>
    internal static CommandPart MakeRuns(ConsoleContext context)
    {
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each run on stdout");
        var command = new Command("runs", "Lists the runs of a store, as run list does.") { store, json };
        command.SetAction((parsed, _) =>
            List(context, context.Paths.StoreWithRuns(parsed.GetValue(store)), isActive: false, parsed.GetValue(json)));
        return new CommandPart(command,
        [
            ("runs", "the runs in the folder runs"),
            ("runs --store azblob://ACCOUNT/CONTAINER/prefix --json | jq -r .run", "of a container, for scripts"),
        ]);
    }

    private static async Task<string> Folder(ConsoleContext context, string? cluster, string? store)
    {
        if (cluster is null)
        {
            return context.Paths.StoreWithRuns(store);
        }

        var joined = await context.Training.Join(Flags.Checked("--cluster", cluster), context.Interrupts.Token);
        await using (joined)
        {
            return await RunTarget.StoreOf(context, joined, store);
        }
    }

    private static async Task<int> List(
        ConsoleContext context, string location, bool isActive, bool isJson, string? cluster = null)
    {
        var token = context.Interrupts.Token;
        var catalog = new RunCatalog(BlobStores.Open(location));
        var entries = await catalog.ListAsync(token)
            .Where(entry => !isActive || entry.Record?.State is RunState.Running or RunState.Paused).ToListAsync(token);
        var found = new (CatalogEntry Entry, RunOverview Seen)[entries.Count];
        var few = new ParallelOptions { MaxDegreeOfParallelism = LooksAtOnce, CancellationToken = token };
        await Parallel.ForAsync(0, found.Length, few, async (i, stop) =>
            found[i] = (entries[i], await catalog.Run(entries[i].RunId).OverviewAsync(stop)));

        var output = context.Terminal.Out;
        var width = Math.Max(12, found.Select(run => run.Entry.RunId.Length).DefaultIfEmpty(0).Max());
        if (!isJson && found.Length > 0)
        {
            output.WriteLine($"{"run".PadRight(width)}  {"state",-9}  {"version",-12}  {"reward",6}  {"age",7}  {"size",10}  " +
                "cluster");
        }

        foreach (var (entry, seen) in found)
        {
            output.WriteLine(isJson ? Json(context, entry, seen) : Row(context, entry, seen, width));
        }

        if (found.Length == 0 && !isJson)
        {
            context.Terminal.Error.WriteLine(
                $"bgpo: no {(isActive ? "active " : "")}runs in {context.Paths.Shown(location)}; " +
                    $"{RunTarget.First(context, location, cluster)} makes one");
        }

        return ExitCode.Done;
    }

    /// <summary>
    /// What a run is of which no more can be read: a record that is whole was written by another version, as one with fields of a
    /// newer one.
    /// </summary>
    private static string Unread(CatalogEntry entry) => entry.IsNewer || entry.Record is not null ? "newer" : "damaged";

    private static string State(RunSummaryRow? state, CatalogEntry entry) =>
        state is null ? Unread(entry) : Format.State(state.State);

    private static string Json(ConsoleContext context, CatalogEntry entry, RunOverview seen)
    {
        var (state, fault) = Standing(context, entry);
        return JsonLines.Line(new
        {
            Run = entry.RunId,
            State = State(state, entry),
            Version = Math.Max(seen.Version, state?.Version ?? 0),
            state?.Steps,
            state?.Checkpoint,
            MeanReward = Reward(seen.Newest),
            AgeSeconds = (context.Time.GetUtcNow() - entry.Record?.Created)?.TotalSeconds,
            seen.Bytes,
            Checkpoints = seen.Checkpoints.Count,
            state?.Cluster,
            entry.Record?.Created,
            entry.Record?.Updated,
            entry.Record?.ForkedFrom,
            state?.WeightsSha256,
            Message = fault,
        });
    }

    private static string Row(ConsoleContext context, CatalogEntry entry, RunOverview seen, int width)
    {
        var (state, fault) = Standing(context, entry);
        var version = Math.Max(seen.Version, state?.Version ?? 0);
        var reward = Reward(seen.Newest) is { } share ? Format.Share(share) : "-";
        var age = entry.Record is { } record ? Format.Age(context.Time.GetUtcNow() - record.Created) : "-";
        return $"{entry.RunId.PadRight(width)}  {State(state, entry),-9}  "
            + $"{(state is null ? $"{version}" : $"{version} of {state.Steps}"),-12}  {reward,6}  {age,7}  "
            + $"{StoreCommands.Size(seen.Bytes),10}  {Format.OneLine(fault ?? state?.Cluster ?? "")}";
    }

    /// <summary>Where a run stands, or what is wrong with it: one bad run must not hide the others.</summary>
    private static (RunSummaryRow? State, string? Fault) Standing(ConsoleContext context, CatalogEntry entry)
    {
        try
        {
            return (entry.Record is { } record ? RunSummaryRow.Of(context, record) : null, entry.Fault);
        }
        catch (SpecException e)
        {
            return (null, e.Errors is [var first, ..] ? first : e.Message);
        }
    }

    private static double? Reward(StoredMetrics? metrics) =>
        metrics?.Values["MeanReward"] is JsonValue value && value.TryGetValue(out double reward) ? reward : null;
}
