using System.Collections.Concurrent;
using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;
using Bgpo.Tasks.Data;
using Bgpo.Units;

namespace Bgpo.Grains.Runs;

/// <summary>What every grain of a run needs and no step changes: all of it follows from the store.</summary>
/// <param name="Id">Run id.</param>
/// <param name="Spec">The effective spec.</param>
/// <param name="Task">Prompts and rewards.</param>
/// <param name="Config">Shape of the network.</param>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Parameters">Trainable parameters.</param>
public sealed record RunContext(
    string Id, RunSpec Spec, ITask Task, ModelConfig Config, ITokenizer Tokenizer, long Parameters)
{
    /// <summary>What the run is called in keys of grains and in a silo's memory: see <see cref="RunKey"/>.</summary>
    public string Key { get; init; } = Id;

    /// <summary>What the parameters are where they are not all weights; null where they are.</summary>
    public AdapterManifest? Adapter { get; init; }

    /// <summary>The adapters; null where all weights are trained.</summary>
    public LoraConfig? Lora => Adapter is { } adapter ? new LoraConfig(adapter.Rank, adapter.Alpha, adapter.Targets) : null;

    /// <summary>Shards that hold the parameters.</summary>
    public int Shards { get; } = ShardKey.Count(Parameters);

    /// <summary>Steps, batches and units.</summary>
    public UnitPlan Plan { get; } = new(Spec);

    /// <summary>The tokenizer's text, as every manifest of the run holds it.</summary>
    public string TokenizerJson { get; init; } = Tokenizer.ToJson();

    /// <summary>How its rewards are asked for.</summary>
    public RewardLimits Rewards { get; } = RewardLimits.Of(Spec.Task.Rewards);

    /// <summary>Seed of every random number.</summary>
    public ulong Seed => (ulong)Spec.Run.Seed;

    /// <summary>How training rollouts are decoded, but for the temperature and the number of steps.</summary>
    /// <param name="denoisingSteps">Forward passes for the whole response.</param>
    /// <param name="temperature">Gumbel temperature.</param>
    public SamplerOptions Sampling(int denoisingSteps, double temperature) =>
        SamplerOptions.Of(Spec.Rollout, denoisingSteps, temperature);
}

/// <summary>What this silo knows of runs, read from the store when a run is first met.</summary>
/// <param name="runs">The store.</param>
public sealed class RunContexts(RunCatalog runs) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<RunSpec>>> _specs = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<RunContext>>> _contexts = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<RunContext>>> _forWork = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<RunContext>>> _forRewards = new();

    /// <summary>The context of a run; the base of its adapters need not be here.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>; its id alone stands for whichever run has it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunException">Its record is bad, or another run has its id now.</exception>
    /// <exception cref="StoreUnavailableException">There is no such run at the moment.</exception>
    public Task<RunContext> Get(string run, CancellationToken cancellationToken = default) =>
        GetAsync(_contexts, run, Read, cancellationToken);

    /// <summary>The context of a run that this silo's devices are to work for, once all is found that they need.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UnsuitableSiloException">Something that they need is not here.</exception>
    /// <exception cref="StoreUnavailableException">There is no such run at the moment.</exception>
    public Task<RunContext> GetForWork(string run, CancellationToken cancellationToken = default) =>
        SuitableAsync(_forWork, run, ReadForWork, cancellationToken);

    /// <summary>The context of a run that this silo is to score for, once it is known that it can.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UnsuitableSiloException">Something that scoring needs is not here.</exception>
    /// <exception cref="StoreUnavailableException">There is no such run at the moment.</exception>
    public Task<RunContext> GetForRewards(string run, CancellationToken cancellationToken = default) =>
        SuitableAsync(_forRewards, run, ReadForRewards, cancellationToken);

    private static async Task<RunContext> SuitableAsync(
        ConcurrentDictionary<string, Lazy<Task<RunContext>>> held, string run, Func<string, Task<RunContext>> read,
        CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(held, run, read, cancellationToken);
        }
        catch (Exception e) when (e is RunException or StorageException and not StoreUnavailableException)
        {
            throw new UnsuitableSiloException(e.Message, e);
        }
    }

    /// <summary>The spec of a run, which is all that its shards need.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunException">Its record is bad, or another run has its id now.</exception>
    /// <exception cref="StoreUnavailableException">There is no such run at the moment.</exception>
    public Task<RunSpec> GetSpec(string run, CancellationToken cancellationToken = default) =>
        GetAsync(_specs, run, ReadSpec, cancellationToken);

    /// <summary>Drops what is known of a run; it is read again when the run is next met.</summary>
    /// <param name="run">The run's key.</param>
    public void Forget(string run)
    {
        _specs.TryRemove(run, out _);
        _forWork.TryRemove(run, out _);
        _forRewards.TryRemove(run, out _);
        if (_contexts.TryRemove(run, out Lazy<Task<RunContext>>? context))
        {
            _ = LetGoAsync(context);
        }
    }

    /// <summary>Lets go of what the tasks of all runs hold, as the silo ends.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_contexts.Keys.ToArray().Select(run =>
            _contexts.TryRemove(run, out Lazy<Task<RunContext>>? context) ? LetGoAsync(context) : Task.CompletedTask));

    private static async Task LetGoAsync(Lazy<Task<RunContext>> context)
    {
        if (context.IsValueCreated)
        {
            try
            {
                await (await context.Value).Task.DisposeAsync();
            }
            catch (Exception)
            {
                // One that was never read, or ends badly: nobody needs it any more.
            }
        }
    }

    /// <summary>
    /// What is held of a run, or is read now. A reading that failed after those who waited had left is not served to the next.
    /// </summary>
    private static async Task<T> GetAsync<T>(
        ConcurrentDictionary<string, Lazy<Task<T>>> held, string run, Func<string, Task<T>> read,
        CancellationToken cancellationToken)
    {
        Lazy<Task<T>> Reading(string key) => new(() => read(key));
        Lazy<Task<T>> reading = held.AddOrUpdate(
            run, Reading, (key, before) => before is { IsValueCreated: true, Value.IsFaulted: true } ? Reading(key) : before);
        try
        {
            return await reading.Value.WaitAsync(cancellationToken);
        }
        catch (Exception) when (reading.Value.IsFaulted)
        {
            held.TryRemove(KeyValuePair.Create(run, reading));
            throw;
        }
    }

    private async Task<(RunStore Store, RunRecord Record)> ReadRecord(string key)
    {
        string run = RunKey.IdOf(key);
        // Whoever asks for a run's context has met the run: a record that is missing may come back.
        RunStore store = runs.Run(run).Existing();
        StoredRun stored = await store.ReadAsync() ?? throw store.RecordMissing();
        return key == run || key == RunKey.Of(run, stored.Record.Identity)
            ? (store, stored.Record)
            : throw new RunException($"run '{run}' was deleted, and another was started under its id; this one is over.");
    }

    private async Task<RunSpec> ReadSpec(string key)
    {
        try
        {
            return SpecOf((await ReadRecord(key)).Record);
        }
        catch (SpecException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private async Task<RunContext> Read(string key)
    {
        (RunStore store, RunRecord record) = await ReadRecord(key);
        CheckpointManifest manifest = await AnyManifest(store, record);
        try
        {
            RunSpec spec = SpecOf(record);
            string readable = await RunFiles.ReadableTokenizerAsync(store, record, manifest.Tokenizer);
            (ModelConfig config, ITokenizer tokenizer) = ModelFolder.ParseTexts(manifest.ModelConfig, readable, record.RunId);
            TaskData data = await RunFiles.ReadAsync(store, record, spec.Task, RunShapes.Of(spec, config, tokenizer));
            // Large data files take a while to go through: off the grain's turn.
            ITask task = await Task.Run(() => TaskRegistry.Create(spec.Task, data));
            return new RunContext(record.RunId, spec, task, config, tokenizer, manifest.ParameterCount)
            {
                Key = key,
                Adapter = manifest.Adapter,
                TokenizerJson = manifest.Tokenizer,
            };
        }
        catch (Exception e) when (e is SpecException or ModelException or TaskDataException)
        {
            throw new RunException(e.Message, e);
        }
    }

    private async Task<RunContext> ReadForWork(string key)
    {
        RunContext run = await Get(key);
        try
        {
            if (run.Adapter is { } adapter)
            {
                // The base's weights are read, once a process: off the grain's turn.
                await Task.Run(() => TrainedModel.CheckBase(run.Spec.Model.Path, adapter, run.Config, run.Id));
            }
            return run;
        }
        catch (ModelException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private async Task<RunContext> ReadForRewards(string key)
    {
        RunContext run = await Get(key);
        return await Task.Run(() => run.Task.CheckAsync().AsTask()) is { } reason ? throw new RunException(reason) : run;
    }

    private static RunSpec SpecOf(RunRecord record) => SpecLoader.Load<RunSpec>(record.Spec, $"run.json of {record.RunId}", []);

    /// <summary>Any manifest tells the network's shape and tokens; the first is written before a run starts.</summary>
    private static async Task<CheckpointManifest> AnyManifest(RunStore store, RunRecord record)
    {
        string reason = "it has none";
        foreach (int version in await store.ListCheckpointsAsync())
        {
            try
            {
                if (await store.ReadManifestAsync(version) is { } manifest)
                {
                    if (record.TokenizerSha256 is not { } known || RunStore.HashOf(manifest.Tokenizer) == known)
                    {
                        return manifest;
                    }
                    reason = $"{store.CheckpointLocation(version)} has another tokenizer than the run began with.";
                }
            }
            catch (CorruptBlobException e)
            {
                reason = e.Message;
            }
        }
        throw new RunException($"run '{store.RunId}' in {store.Blobs.Location} has no readable checkpoint: {reason}");
    }
}
