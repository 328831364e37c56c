using Bgpo.Client.Hosting;
using Bgpo.Grains;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;

namespace Bgpo.Client.Runs;

/// <summary>A run that begins with another one's checkpoint.</summary>
/// <param name="Source">The other run's id.</param>
/// <param name="Version">The checkpoint's version.</param>
/// <param name="Spec">The spec: the other run's as it is at that version, with overrides.</param>
/// <param name="Own">The fields that the overrides set.</param>
internal sealed record RunFork(string Source, int Version, RunSpec Spec, string[] Own)
{
    /// <summary>Reads what is to be forked.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="given"><c>RUN[@VERSION]</c>; the beginning of an id will do.</param>
    /// <param name="store">Where runs are kept.</param>
    /// <param name="set">Overrides of its spec.</param>
    /// <param name="steps">One more override; null: none.</param>
    /// <exception cref="BadInputException">There is no such run.</exception>
    /// <exception cref="SpecException">An override is wrong.</exception>
    internal static async Task<RunFork> Read(
        ConsoleContext context, string given, string? store, string[]? set, int? steps = null)
    {
        var wanted = RunReference.Parse(given, "option --fork");
        var target = await RunTarget.Find(context, wanted.Run, null, store, join: false);
        await using var leaving = target;
        var version = wanted.Version ?? await NewestWhole(context, target);
        // As the run goes on from there: with the changes that hold there.
        var changes = (target.Record.Changes ?? []).Where(change => change.FromStep <= version)
            .Select(change => $"{change.Field}={change.Value}");
        string[] overrides = [.. NewRun.Overrides(set, steps)];
        var spec = SpecLoader.Load<RunSpec>(target.Record.Spec, $"spec of run {target.Run}", [.. changes, .. overrides]);
        return new RunFork(target.Run, version, spec, [.. overrides.Select(assignment => assignment.Split('=')[0].Trim())]);
    }

    private static async Task<int> NewestWhole(ConsoleContext context, RunTarget target)
    {
        try
        {
            return (await target.Store.RequireCheckpointAsync(null, context.Terminal.Error.WriteLine, context.Interrupts.Token))
                .Version;
        }
        catch (StorageException e)
        {
            throw new BadInputException($"option --fork: {e.Message}", e);
        }
    }

    /// <summary>Asks a run's controller to begin so.</summary>
    /// <param name="paths">Where the spec's files are.</param>
    internal Func<IRunGrain, string, Task<RunStatus>> Begin(ProjectPaths paths)
    {
        // The model's folder and the data may be gone: a fork has its weights from the checkpoint, and the run keeps a copy of
        // its data.
        bool IsOwn(string field) =>
            Own.Any(own => own == "task." + field || own.StartsWith($"task.{field}.", StringComparison.Ordinal));
        var spec = Spec with { Task = Spec.Task.WithFullPaths(paths, "field task.", IsOwn) };
        var yaml = SpecWriter.Write(spec);
        return (run, key) => run.Fork(yaml, Source, Version, Own, key);
    }
}
