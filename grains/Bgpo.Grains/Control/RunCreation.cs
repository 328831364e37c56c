using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;
using Bgpo.Tasks.Data;
using Bgpo.Units;

namespace Bgpo.Grains.Control;

/// <summary>Makes a run in the store, from a base model or from another run's checkpoint.</summary>
/// <param name="id">Run id.</param>
/// <param name="catalog">The store's runs.</param>
/// <param name="roster">The silos, whose numerics the run begins on.</param>
/// <param name="owners">This machine.</param>
/// <param name="devices">This silo's devices.</param>
/// <param name="silo">This silo.</param>
/// <param name="reporter">Told what is noticed.</param>
internal sealed class RunCreation(
    string id, RunCatalog catalog, SiloRoster roster, IRunOwners owners, IPolicyDevices devices, ILocalSiloDetails silo,
    RunReporter reporter)
{
    private RunStore Store => catalog.Run(id);

    /// <summary>Makes the run from the model that its spec names, unless this very call has made it before.</summary>
    /// <param name="specYaml">The spec.</param>
    /// <param name="key">Names the call; empty: none does.</param>
    /// <exception cref="RunException">The spec, the model or the data is bad, or the run exists.</exception>
    internal Task StartAsync(string specYaml, string key) => Refusing(async () =>
    {
        RunSpec spec = Read(specYaml);
        // Off the grain's turn: a large base takes a minute to read.
        TrainedModel model = await Task.Run(() => TrainedModel.Load(spec));
        CheckRoom(spec, model.Config);
        RunShape shape = RunShapes.Of(spec, model.Config, model.Tokenizer);
        using TaskData data = await Task.Run(() => TaskData.Read(spec.Task, shape));
        // A bad data file is the caller's news, before anything is written; so is a grader that cannot work here.
        await using ITask task = await Task.Run(() => TaskRegistry.Create(spec.Task, data));
        await CheckGraderAsync(task);
        CheckFits(spec, task, model.Tokenizer, shape.Room);
        if (await IsBegunAsync(key))
        {
            return;
        }
        await DropRemainsAsync(0);
        // The record comes last: a start that is cut short leaves no run, and can be made again with the same model.
        CheckpointManifest saved = await SaveBaseAsync(spec, task, model);
        (RunFile? evaluation, IReadOnlyList<RunFile>? others) = await KeepAsync(spec, data, task);
        await Store.CreateAsync(await NewRecordAsync(spec, specYaml, saved, key) with
        {
            EvaluationData = evaluation,
            DataFiles = others,
            TokenizerFile = await RunFiles.KeepTokenizerAsync(Store, saved.Tokenizer, saved.Tokenizer),
        });
    });

    /// <summary>Makes the run from another's checkpoint, unless this very call has made it before.</summary>
    /// <param name="specYaml">The spec.</param>
    /// <param name="source">The other run.</param>
    /// <param name="version">The checkpoint's version; null: the newest whole one.</param>
    /// <param name="own">Fields that are the fork's own; changes that the source took later do not touch them.</param>
    /// <param name="key">Names the call; empty: none does.</param>
    /// <exception cref="RunException">The spec cannot go on from there, there is no such checkpoint, or the run
    /// exists.</exception>
    internal Task ForkAsync(string specYaml, string source, int? version, string[]? own, string key) => Refusing(async () =>
    {
        RunSpec spec = Read(specYaml);
        if (await IsBegunAsync(key))
        {
            return;
        }
        RunStore other = catalog.Run(source);
        StoredRun origin = await other.ReadAsync()
            ?? throw new RunException($"there is no run '{source}' in {Store.Blobs.Location} to fork.");
        CheckpointManifest whole = await other.RequireCheckpointAsync(version, reporter.Notice);
        string label = $"{source}@{whole.Version}";
        RunSpec before = new RunSettings(origin.Record).At(whole.Version);
        string readable = await RunFiles.ReadableTokenizerAsync(other, origin.Record, whole.Tokenizer);
        (ModelConfig config, ITokenizer tokenizer) = ModelFolder.ParseTexts(whole.ModelConfig, readable, label);
        CheckRoom(spec, config);
        RunShape shape = RunShapes.Of(spec, config, tokenizer);
        using TaskData data = await RunFiles.ReadForkAsync(other, origin.Record, before.Task, spec.Task, own, shape);
        CheckGoesOn(spec, before, whole, label, IsOtherData(origin.Record, data));
        await using ITask task = await Task.Run(() => TaskRegistry.Create(spec.Task, data));
        await CheckGraderAsync(task);
        CheckFits(spec, task, tokenizer, shape.Room);
        await DropRemainsAsync(whole.Version);
        await Store.ForkAsync(other, whole);
        IReadOnlyList<SpecChange>? later = RunSettings.Later(origin.Record, whole.Version, spec, own ?? []);
        (RunFile? evaluation, IReadOnlyList<RunFile>? others) = await KeepAsync(spec, data, task);
        await Store.CreateAsync(await NewRecordAsync(spec, specYaml, whole, key) with
        {
            EvaluationData = evaluation,
            DataFiles = others,
            TokenizerFile = await RunFiles.KeepTokenizerAsync(Store, whole.Tokenizer, readable),
            ForkedFrom = label,
            Changes = later,
        });
        if (later is not null)
        {
            reporter.Notice($"as of {source}, from later steps on: "
                + string.Join(", ", later.Select(change => $"{change.Field}={change.Value} from step {change.FromStep}"))
                    + " (--set keeps a field as it is)");
        }
    });

    /// <summary>Turns what was wrong with the input into the caller's error.</summary>
    private static async Task Refusing(Func<Task> make)
    {
        try
        {
            await make();
        }
        catch (Exception e) when (
            e is SpecException or ModelException or TaskDataException or StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
    }

    /// <summary>Refuses a task that cannot score on this silo, where this silo is to.</summary>
    private async Task CheckGraderAsync(ITask task)
    {
        if (SiloDevices.Scores(await roster.Get(), silo.SiloAddress.ToParsableString())
            && await Task.Run(() => task.CheckAsync().AsTask()) is { } reason)
        {
            throw new RunException(reason);
        }
    }

    private RunSpec Read(string yaml) => SpecLoader.Load<RunSpec>(yaml, $"spec of run {id}", []);

    /// <summary>Refuses a spec that cannot go on from the checkpoint of another.</summary>
    private static void CheckGoesOn(RunSpec spec, RunSpec origin, CheckpointManifest from, string label, bool isOtherData)
    {
        if (spec.Model != origin.Model)
        {
            throw new RunException(
                $"field model.path: value '{spec.Model.Path}': a fork goes on with the weights of {label}; leave the field " +
                    "out, or start a run of that model.");
        }
        if (spec.Run.Steps <= from.Version)
        {
            throw new RunException(
                $"field run.steps: value '{spec.Run.Steps}': {label} has taken {from.Version} steps already; ask for more with " +
                    "--steps, or fork an earlier version.");
        }
        // Amid a batch, its rollouts and their old likelihoods are the source's, made as the source's spec says.
        bool amid = from.JournalPosition < from.Version;
        if (amid && (isOtherData || spec.Run.Seed != origin.Run.Seed || spec.Task != origin.Task || spec.Rollout != origin.Rollout
            || spec.Objective != origin.Objective || spec.Units != origin.Units))
        {
            throw new RunException(
                $"{label} is amid the batch of step {from.JournalPosition}, which must be finished by the spec that it was " +
                    "sampled by; to change run.seed, "
                + $"task, rollout, objective or units fork a multiple of {new UnitPlan(origin).UpdatesPerBatch} " +
                    "(checkpoint.every makes them).");
        }
        var plan = new UnitPlan(spec);
        if (!amid && plan.BatchStep(from.Version) != from.Version)
        {
            throw new RunException(
                $"{label} would be amid a batch of {plan.UpdatesPerBatch} updates (objective.minibatches x objective.epochs) " +
                    "whose first is not taken; "
                + $"fork a multiple of {plan.UpdatesPerBatch}.");
        }
    }

    /// <summary>Whether a fork has other data files than its source.</summary>
    private static bool IsOtherData(RunRecord source, TaskData data)
    {
        RunFile?[] had = [source.EvaluationData, .. source.DataFiles ?? []];
        return had.OfType<RunFile>().Any(file => data.Files.Values.All(now => now.Sha256 != file.Sha256));
    }

    /// <summary>
    /// Keeps the data with the run, and says what was noticed in it: what is left out, too large, or not evaluated on.
    /// </summary>
    private async Task<(RunFile? Evaluation, IReadOnlyList<RunFile>? Others)> KeepAsync(RunSpec spec, TaskData data, ITask task)
    {
        (RunFile? Evaluation, IReadOnlyList<RunFile>? Others) kept = await RunFiles.KeepAsync(Store, spec.Task, data);
        foreach (string notice in data.Notices)
        {
            reporter.Notice(notice);
        }
        int evaluated = spec.Evaluation.Count;
        if (data.Evaluation is { } file && task.HeldOut(int.MaxValue).Count is var all && all > evaluated)
        {
            reporter.Notice($"evaluations take the first {evaluated} of the {all} problems in {file.Path} (evaluation.count).");
        }
        foreach (RunFile large in (kept.Others ?? []).Prepend(kept.Evaluation).OfType<RunFile>().Where(large => !large.IsKept))
        {
            reporter.Notice(
                $"{large.Path} has {large.Bytes >> 20} MiB, too much for a copy in the store: as long as the run may go on, keep " +
                    "the file "
                + "as it is.");
        }
        return kept;
    }

    /// <summary>
    /// A start or fork that was cut short may have left a first checkpoint, which can be another's, and a journal.
    /// </summary>
    private async Task DropRemainsAsync(int version)
    {
        if ((await Store.ListCheckpointsAsync()).Any(there => there != version))
        {
            throw new RunException(
                $"{Store.Blobs.Location} has checkpoints of a run '{id}' that was never begun, others than version " +
                    $"{version}'s; choose another id with --run.");
        }
        // Looked at again just before: another may have begun the run meanwhile, and then this one is refused.
        if ((await Store.ListJournalAsync()).Count > 0 && !await IsBegunAsync(key: ""))
        {
            await Store.DropJournalAfterAsync(-1);
        }
    }

    /// <summary>Whether this very call has begun the run before; one that another has begun is refused.</summary>
    private async Task<bool> IsBegunAsync(string key) => await Store.ReadAsync() switch
    {
        null => false,
        { } stored when key.Length > 0 && stored.Record.BegunBy == key => true,
        _ => throw new RunException(
            $"run '{id}' exists already in {Store.Blobs.Location}; go on with it by train --resume {id} or, in a cluster, run " +
                $"resume {id}; or choose another id."),
    };

    private async Task<RunRecord> NewRecordAsync(RunSpec spec, string specYaml, CheckpointManifest first, string key)
    {
        // Those of the silos that work: this one may only hold state.
        string[] numerics = [.. (await roster.Get()).Where(silo => silo.Devices > 0).Select(silo => silo.Numerics)];
        return new RunRecord
        {
            RunId = id,
            State = RunState.Running,
            Spec = specYaml,
            Seed = spec.Run.Seed,
            NumericsFingerprint = numerics.Contains(devices.Fingerprint) || numerics.Length == 0 ? devices.Fingerprint
                : numerics[0],
            ParameterCount = first.ParameterCount,
            LatestCheckpoint = first.Version,
            TokenizerSha256 = RunStore.HashOf(first.Tokenizer),
            Cluster = silo.ClusterId,
            Host = owners.Host,
            BegunBy = key.Length > 0 ? key : null,
        };
    }

    /// <summary>Writes the base model as the checkpoint of version 0, so that the store alone is enough to go on.</summary>
    private async Task<CheckpointManifest> SaveBaseAsync(RunSpec spec, ITask task, TrainedModel model)
    {
        var run = new RunContext(id, spec, task, model.Config, model.Tokenizer, model.Parameters.LongLength)
        {
            Adapter = model.Adapter,
        };
        IReadOnlyList<ShardEntry> entries = await Store.SaveShardsAsync(Enumerable.Range(0, run.Shards).Select(shard =>
        {
            (long offset, int length) = ShardKey.Span(shard, run.Parameters);
            return new ShardState(shard, [.. model.Parameters.AsSpan((int)offset, length)], [], []);
        }));
        return await Store.PublishCheckpointAsync(CheckpointWriter.Manifest(run, 0, [.. entries]));
    }

    /// <summary>Refuses a model that does not decode as it should, or has no room for a prompt.</summary>
    private static void CheckRoom(RunSpec spec, ModelConfig config)
    {
        if (config.AttentionBlock > 0 && spec.Rollout.BlockLength != config.AttentionBlock)
        {
            throw new ModelException(
                $"field rollout.blockLength: value '{spec.Rollout.BlockLength}': the model attends in blocks of " +
                    $"{config.AttentionBlock}; decode by those.");
        }
        if (config.MaxSequenceLength <= spec.Rollout.ResponseLength)
        {
            throw new ModelException(
                $"rollout.responseLength {spec.Rollout.ResponseLength} leaves no room for a prompt: the model's " +
                    "max_sequence_length, "
                + $"which holds prompt and response, is {config.MaxSequenceLength}.");
        }
    }

    /// <summary>
    /// Refuses prompts that the model cannot read, or that leave no room for a response; those of data files are all checked as
    /// they are opened.
    /// </summary>
    private static void CheckFits(RunSpec spec, ITask task, ITokenizer tokenizer, int room)
    {
        foreach (Prompt prompt in task.HeldOut(spec.Evaluation.Count).Prepend(task.TrainingPrompt((ulong)spec.Run.Seed, 0, 0)))
        {
            int length = tokenizer.EncodePrompt(prompt.Text).Length;
            if (length > room)
            {
                throw new ModelException(
                    $"the prompt '{prompt.Id}' has {length} tokens; with rollout.responseLength {spec.Rollout.ResponseLength} " +
                        "the model's "
                    + $"max_sequence_length {room + spec.Rollout.ResponseLength} leaves room for {room}.");
            }
        }
    }
}
