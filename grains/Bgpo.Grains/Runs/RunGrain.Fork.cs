using System.Text.Json.Nodes;
using Bgpo.Model;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Tasks.Data;
using Bgpo.Units;

namespace Bgpo.Grains.Runs;

/// <content>Beginning from another run's checkpoint.</content>
public sealed partial class RunGrain
{
    /// <inheritdoc/>
    public async Task<RunStatus> Fork(string specYaml, string source, int? version, string[]? own, string key)
    {
        try
        {
            RunSpec spec = SpecLoader.Load<RunSpec>(specYaml, $"spec of run {Id}", []);
            if (await IsBegun(key))
            {
                return await Resume();
            }
            RunStore other = catalog.Run(source);
            StoredRun origin = await other.ReadAsync()
                ?? throw new RunException($"there is no run '{source}' in {Store.Blobs.Location} to fork.");
            CheckpointManifest whole = await other.RequireCheckpointAsync(version, fault => _events.Append(n => new Noticed(n, fault)));
            string label = $"{source}@{whole.Version}";
            CheckGoesOn(spec, new RunSettings(origin.Record).At(whole.Version), whole, label);
            CheckFits(spec, ModelConfig.Parse(whole.ModelConfig, label), ModelFolder.ParseTokenizer(whole.Tokenizer, label));
            await RefuseRemains(whole.Version);
            await Store.ForkAsync(other, whole);
            IReadOnlyList<SpecChange>? later = RunSettings.Later(origin.Record, whole.Version, spec, own ?? []);
            await Store.CreateAsync(await NewRecord(spec, specYaml, whole.ParameterCount, key) with
            {
                LatestCheckpoint = whole.Version,
                ForkedFrom = label,
                Changes = later,
            });
            if (later is not null)
            {
                _events.Append(n => new Noticed(n, $"as of {source}, from later steps on: "
                    + string.Join(", ", later.Select(change => $"{change.Field}={change.Value} from step {change.FromStep}")) + " (--set keeps a field as it is)"));
            }
        }
        catch (Exception e) when (e is SpecException or ModelException or TaskDataException or StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return await Resume();
    }

    /// <summary>The version that a run's chain begins with: 0, or that of the checkpoint it was forked from.</summary>
    /// <param name="record">Its record.</param>
    public static int FirstVersion(RunRecord record) =>
        record.ForkedFrom is { } from ? int.Parse(from[(from.LastIndexOf('@') + 1)..], System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>Refuses a spec that cannot go on from the checkpoint of another.</summary>
    private static void CheckGoesOn(RunSpec spec, RunSpec origin, CheckpointManifest from, string label)
    {
        if (spec.Model != origin.Model)
        {
            throw new RunException(
                $"field model.path: value '{spec.Model.Path}': a fork goes on with the weights of {label}; leave the field out, or start a run of that model.");
        }
        if (spec.Run.Steps <= from.Version)
        {
            throw new RunException(
                $"field run.steps: value '{spec.Run.Steps}': {label} has taken {from.Version} steps already; ask for more with --steps, or fork an earlier version.");
        }
        // Amid a batch, its rollouts and their old likelihoods are the source's, made as the source's spec says.
        bool amid = from.JournalPosition < from.Version;
        if (amid && (spec.Run.Seed != origin.Run.Seed || spec.Task != origin.Task || spec.Rollout != origin.Rollout
            || spec.Objective != origin.Objective || spec.Units != origin.Units))
        {
            throw new RunException(
                $"{label} is amid the batch of step {from.JournalPosition}, which must be finished by the spec that it was sampled by; to change run.seed, "
                + $"task, rollout, objective or units fork a multiple of {new UnitPlan(origin).UpdatesPerBatch} (checkpoint.every makes them).");
        }
        var plan = new UnitPlan(spec);
        if (!amid && plan.BatchStep(from.Version) != from.Version)
        {
            throw new RunException(
                $"{label} would be amid a batch of {plan.UpdatesPerBatch} updates (objective.minibatches x objective.epochs) whose first is not taken; "
                + $"fork a multiple of {plan.UpdatesPerBatch}.");
        }
    }

    /// <summary>A start or fork that was cut short may have left a first checkpoint, which can be another's, and a journal.</summary>
    private async Task RefuseRemains(int version)
    {
        if ((await Store.ListCheckpointsAsync()).Any(there => there != version))
        {
            throw new RunException(
                $"{Store.Blobs.Location} has checkpoints of a run '{Id}' that was never begun, others than version {version}'s; choose another id with --run.");
        }
        // Looked at again just before: another may have begun the run meanwhile, and then this one is refused.
        if ((await Store.ListJournalAsync()).Count > 0 && !await IsBegun(key: ""))
        {
            await Store.DropJournalAfterAsync(-1);
        }
    }

    /// <summary>Whether this very call has begun the run before; one that another has begun is refused.</summary>
    private async Task<bool> IsBegun(string key) => await Store.ReadAsync() switch
    {
        null => false,
        { } stored when key.Length > 0 && stored.Record.BegunBy == key => true,
        _ => throw new RunException($"run '{Id}' exists already in {Store.Blobs.Location}; go on with it by train --resume {Id} or, in a cluster, run resume {Id}; or choose another id."),
    };

    private async Task<RunRecord> NewRecord(RunSpec spec, string specYaml, long parameters, string key)
    {
        // Those of the silos that work: this one may only hold state.
        string[] numerics = [.. (await roster.Get()).Where(silo => silo.Devices > 0).Select(silo => silo.Numerics)];
        return new RunRecord
        {
            RunId = Id,
            State = RunState.Running,
            Spec = specYaml,
            Seed = spec.Run.Seed,
            NumericsFingerprint = numerics.Contains(devices.Fingerprint) || numerics.Length == 0 ? devices.Fingerprint : numerics[0],
            ParameterCount = parameters,
            Cluster = silo.ClusterId,
            Host = owners.Host,
            BegunBy = key.Length > 0 ? key : null,
        };
    }

    /// <summary>Of what a run came to, what was found at its beginning.</summary>
    private static JsonObject? OfItsBeginning(JsonObject? result) =>
        result?[EvaluationBefore] is { } before ? new JsonObject { [EvaluationBefore] = before.DeepClone() } : null;
}
