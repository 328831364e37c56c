using System.CommandLine;
using System.Text.Json.Nodes;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Storage;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo runs</c>: the runs of a store and what their blobs say, from the store alone.</summary>
internal static class RunsCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each run on stdout");
        var command = new Command("runs", "Lists the runs of a store: state, version, reward, age, size.") { store, json };
        command.SetAction((parsed, _) => List(context, context.Paths.Store(parsed.GetValue(store)), parsed.GetValue(json)));
        return new CommandPart(command,
        [
            ("runs", "the runs in the folder runs"),
            ("runs --store azblob://ACCOUNT/CONTAINER/prefix --json | jq -r .run", "of a container, for scripts"),
        ]);
    }

    private static async Task<int> List(ConsoleContext context, string location, bool isJson)
    {
        var token = context.Interrupts.Token;
        var output = context.Terminal.Out;
        var catalog = new RunCatalog(BlobStores.Open(location));
        var count = 0;
        await foreach (var entry in catalog.ListAsync(token).ConfigureAwait(false))
        {
            var seen = await catalog.Run(entry.RunId).OverviewAsync(token).ConfigureAwait(false);
            var state = entry.Record is { } record ? RunTarget.Word(record.State) : "damaged";
            var reward = Reward(seen.Newest);
            var age = entry.Record is { } made ? context.Time.GetUtcNow() - made.Created : (TimeSpan?)null;
            if (isJson)
            {
                output.WriteLine(JsonLines.Line(new
                {
                    Run = entry.RunId,
                    State = state,
                    seen.Version,
                    MeanReward = reward,
                    AgeSeconds = age?.TotalSeconds,
                    seen.Bytes,
                    Checkpoints = seen.Checkpoints.Count,
                    entry.Record?.ForkedFrom,
                    Message = entry.Fault,
                }));
                continue;
            }

            if (count++ == 0)
                output.WriteLine($"{"run",-32}  {"state",-9}  {"version",7}  {"reward",6}  {"age",7}  {"size",10}");
            output.WriteLine($"{entry.RunId,-32}  {state,-9}  {seen.Version,7}  {(reward is { } r ? Printed.Share(r) : "-"),6}  "
                + $"{(age is { } old ? Age(old) : "-"),7}  {StoreCommands.Size(seen.Bytes),10}{(entry.Fault is { } fault ? "  " + fault : "")}");
        }

        if (count == 0 && !isJson)
            context.Terminal.Error.WriteLine($"bgpo: no runs in {context.Paths.Shown(location)}; {context.Paths.CommandLine("train")} makes one");
        return ExitCode.Done;
    }

    private static double? Reward(Storage.StepMetrics? metrics) =>
        metrics?.Values["MeanReward"] is JsonValue value && value.TryGetValue(out double reward) ? reward : null;

    private static string Age(TimeSpan age) => age switch
    {
        { TotalMinutes: < 1 } => $"{age.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{age.TotalMinutes:0} min",
        { TotalDays: < 2 } => $"{age.TotalHours:0} h",
        _ => $"{age.TotalDays:0} d",
    };
}
