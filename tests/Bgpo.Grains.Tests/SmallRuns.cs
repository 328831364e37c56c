using Bgpo.Silo.Hosting;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Grains.Tests;

/// <summary>Whole runs of seconds, in a silo inside this process, kept in a folder of their own.</summary>
internal sealed class SmallRuns : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-run-").FullName;

    internal string Root => Path.Combine(_folder, "runs");

    internal IBlobStore Blobs => new LocalBlobStore(Root);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal RunStore Store(string run) => new(Blobs, run);

    internal async Task<RunCompleted> Complete(string run, int devices, params string[] overrides) =>
        (await Events(run, devices, grain => grain.Start(Spec(overrides)))).OfType<RunCompleted>().Single();

    internal async Task<RunCompleted> Resume(string run) =>
        (await Events(run, 1, grain => grain.Resume())).OfType<RunCompleted>().Single();

    internal async Task<int> StopAfter(string run, int devices, int steps, string[] overrides)
    {
        List<RunEvent> events = await Events(
            run, devices, grain => grain.Start(Spec(overrides)),
            (grain, e) => e is StepCommitted step && step.Metrics.Version == steps ? grain.Stop("test") : Task.CompletedTask);
        return events.OfType<RunStopped>().Single().Version;
    }

    internal async Task<List<RunEvent>> Events(
        string run, int devices, Func<IRunGrain, Task> begin, Func<IRunGrain, RunEvent, Task>? react = null,
        IBlobStore? store = null,
        bool fails = false, TimeProvider? time = null)
    {
        using IHost host = BgpoSilo.Build(new SiloSettings(store ?? Blobs, devices) { Time = time ?? TimeProvider.System });
        await host.StartAsync();
        IRunGrain grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);
        List<RunEvent> events = [];
        try
        {
            await begin(grain);
            await foreach (RunEvent e in grain.Watch(0))
            {
                events.Add(e);
                await (react?.Invoke(grain, e) ?? Task.CompletedTask);
            }
        }
        finally
        {
            await host.StopAsync();
        }
        Assert.True(fails == events.OfType<RunFailed>().Any(), events.OfType<RunFailed>().FirstOrDefault()?.Message ?? "did not fail");
        return events;
    }

    internal async Task<string> HashAt(string run, int version) => (await Store(run).ReadManifestAsync(version))!.WeightsSha256;

    /// <summary>Deletes a run's folder, as people do; whoever drives the run may be writing there.</summary>
    internal void Delete(string run)
    {
        string folder = Path.Combine(_folder, "runs", run);
        while (Directory.Exists(folder))
        {
            try
            {
                Directory.Move(folder, Path.Combine(_folder, $"deleted-{Guid.NewGuid():N}"));
            }
            catch (IOException)
            {
                // Something was made in it just then.
            }
        }
    }

    /// <summary>Leaves of a run its record and its base model, and perhaps its journal.</summary>
    internal void Forget(string run, bool journal = true)
    {
        foreach (string folder in (string[])["checkpoints", "metrics", .. journal ? new[] { "journal" } : []])
        {
            foreach (string file in Directory.GetFiles(Path.Combine(_folder, "runs", run, folder), "*.json"))
            {
                if (folder != "checkpoints" || Path.GetFileName(file) != "00000000.json")
                {
                    File.Delete(file);
                }
            }
        }
    }

    /// <summary>Cuts a checkpoint's manifest short.</summary>
    internal void Damage(string run, int version)
    {
        string manifest = Path.Combine(_folder, "runs", run, "checkpoints", $"{version:D8}.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest)[..100]);
    }

    internal async Task SetState(string run, RunState state)
    {
        StoredRun stored = (await Store(run).ReadAsync())!;
        Assert.NotNull(await Store(run).UpdateAsync(stored.Record with { State = state }, stored.ETag));
    }

    internal static string Spec(params string[] overrides)
    {
        string yaml = $"""
            run: {"{"} seed: 1, steps: 6 {"}"}
            model: {"{"} path: {BaseModel()} {"}"}
            task: {"{"} name: sudoku4x4 {"}"}
            rollout: {"{"} prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 {"}"}
            objective: {"{"} samples: 2 {"}"}
            units: {"{"} samples: 3, microbatch: 2 {"}"}
            optimizer: {"{"} learningRate: 0.0004 {"}"}
            evaluation: {"{"} count: 8, every: 0 {"}"}
            checkpoint: {"{"} every: 2 {"}"}
            """;
        return SpecWriter.Write(SpecLoader.Load<RunSpec>(yaml, "test", overrides));
    }

    /// <summary>The project's own base model: an untrained one earns no rewards, and a run of it would teach nothing.</summary>
    internal static string BaseModel()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder!.FullName, "models", "sudoku-base");
    }
}
