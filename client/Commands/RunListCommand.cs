using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Storage;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo run list</c>: the runs of a store.</summary>
internal static class RunListCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var cluster = Flags.Text("--cluster", "NAME", "list the runs in that cluster's store");
        var store = Flags.Text("--store", "FOLDER", "where runs are kept; default: the cluster's, or runs");
        var active = Flags.Switch("--active", "only those that are running or paused");
        var json = Flags.Json("a JSON line for each run on stdout");
        var command = new Command("list", "Lists the runs of a store.") { cluster, store, active, json };
        command.SetAction(async (parsed, _) =>
        {
            var folder = await Folder(context, parsed.GetValue(cluster), parsed.GetValue(store)).ConfigureAwait(false);
            List<CatalogEntry> entries = [];
            try
            {
                await foreach (var entry in new RunCatalog(BlobStores.Open(folder)).ListAsync(context.Interrupts.Token).ConfigureAwait(false))
                {
                    if (!parsed.GetValue(active) || entry.Record?.State is Storage.RunState.Running or Storage.RunState.Paused)
                        entries.Add(entry);
                }
            }
            catch (StorageException e)
            {
                throw new BadInputException(e.Message, e);
            }

            Print(context, entries, parsed.GetValue(json));
            if (entries.Count == 0 && !parsed.GetValue(json))
                context.Terminal.Error.WriteLine($"bgpo: no {(parsed.GetValue(active) ? "active " : "")}runs in {context.Paths.Shown(folder)}; {context.Paths.CommandLine("train")} makes one");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run list", "the runs in the folder runs"),
            ("run list --active --json | jq -r .run", "for scripts"),
        ]);
    }

    private static async Task<string> Folder(ConsoleContext context, string? cluster, string? store)
    {
        if (cluster is null)
            return context.Paths.Store(store);
        var joined = await context.Training.Join(Flags.Checked("--cluster", cluster), context.Interrupts.Token).ConfigureAwait(false);
        await using (joined.ConfigureAwait(false))
            return await RunTarget.StoreOf(context, joined, store).ConfigureAwait(false);
    }

    private static void Print(ConsoleContext context, List<CatalogEntry> entries, bool isJson)
    {
        var output = context.Terminal.Out;
        var width = Math.Max(12, entries.Select(entry => entry.RunId.Length).DefaultIfEmpty(0).Max());
        if (!isJson && entries.Count > 0)
            output.WriteLine($"{"run".PadRight(width)}  {"state",-9}  {"checkpoint",-12}  {"updated",-16}  cluster");
        foreach (var entry in entries)
        {
            if (entry.Record is not { } record)
            {
                if (isJson)
                    output.WriteLine(JsonLines.Line(new { Run = entry.RunId, State = "damaged", Message = entry.Fault }));
                else
                    output.WriteLine($"{entry.RunId.PadRight(width)}  damaged    {entry.Fault}");
                continue;
            }

            var state = RunStanding.Of(context, record);
            output.WriteLine(isJson
                ? JsonLines.Line(new { state.Run, state.State, state.Checkpoint, state.Steps, state.Cluster, record.Created, record.Updated, state.WeightsSha256 })
                : $"{state.Run.PadRight(width)}  {state.State,-9}  {$"{state.Checkpoint} of {state.Steps}",-12}  "
                    + $"{TimeZoneInfo.ConvertTime(record.Updated, context.Time.LocalTimeZone):yyyy-MM-dd HH:mm}  {state.Cluster}");
        }
    }
}
