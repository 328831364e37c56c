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

    /// <summary>Seed of every random number.</summary>
    public ulong Seed => (ulong)Spec.Run.Seed;

    /// <summary>How training rollouts are decoded, but for the temperature and the number of steps.</summary>
    /// <param name="denoisingSteps">Forward passes for the whole response.</param>
    /// <param name="temperature">Gumbel temperature.</param>
    public SamplerOptions Sampling(int denoisingSteps, double temperature) =>
        SamplerOptions.Of(Spec.Rollout, denoisingSteps, temperature);
}

/// <summary>This silo's run contexts, read from the store when a run is first met.</summary>
/// <param name="runs">The store.</param>
public sealed class RunContexts(RunCatalog runs)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<RunContext>>> _contexts = new();

    /// <summary>The context of a run.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>; its id alone stands for whichever run has it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunException">Its record is bad, or another run has its id now.</exception>
    /// <exception cref="StoreUnavailableException">There is no such run at the moment.</exception>
    public async Task<RunContext> Get(string run, CancellationToken cancellationToken = default)
    {
        // A reading that failed after those who waited had left is not served to the next.
        Lazy<Task<RunContext>> context = _contexts.AddOrUpdate(
            run, Reading, (id, held) => held is { IsValueCreated: true, Value.IsFaulted: true } ? Reading(id) : held);
        try
        {
            return await context.Value.WaitAsync(cancellationToken);
        }
        catch (Exception) when (context.Value.IsFaulted)
        {
            _contexts.TryRemove(KeyValuePair.Create(run, context));
            throw;
        }
    }

    /// <summary>Drops what is known of a run; it is read again when the run is next met.</summary>
    /// <param name="run">The run's key.</param>
    public void Forget(string run) => _contexts.TryRemove(run, out _);

    private Lazy<Task<RunContext>> Reading(string key) => new(() => Read(key));

    private async Task<RunContext> Read(string key)
    {
        string run = RunKey.IdOf(key);
        // Whoever asks for a run's context has met the run: a record that is missing may come back.
        RunStore store = runs.Run(run).Existing();
        StoredRun stored = await store.ReadAsync() ?? throw store.RecordMissing();
        if (key != run && key != RunKey.Of(run, stored.Record.Identity))
        {
            throw new RunException($"run '{run}' was deleted, and another was started under its id; this one is over.");
        }
        CheckpointManifest manifest = await AnyManifest(store, stored.Record);
        try
        {
            RunSpec spec = SpecLoader.Load<RunSpec>(stored.Record.Spec, $"run.json of {run}", []);
            ITask task = TaskRegistry.Create(spec.Task, await RunFiles.ReadAsync(store, stored.Record, spec.Task));
            string readable = await RunFiles.ReadableTokenizerAsync(store, stored.Record, manifest.Tokenizer);
            (ModelConfig config, ITokenizer tokenizer) = ModelFolder.ParseTexts(manifest.ModelConfig, readable, run);
            if (manifest.Adapter is { } adapter)
            {
                // The base's weights are read, once a process: off the grain's turn.
                await Task.Run(() => TrainedModel.CheckBase(spec.Model.Path, adapter, config, run));
            }
            return new RunContext(run, spec, task, config, tokenizer, manifest.ParameterCount)
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
