using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>What a run's page says beside its curves.</summary>
/// <param name="Row">Its row in the list of runs.</param>
/// <param name="Spec">The effective spec that it was started with, YAML.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Parameters">Trainable parameters.</param>
/// <param name="ShardSize">Parameters of a shard.</param>
/// <param name="Numerics">What its bits depend on beside the spec.</param>
/// <param name="Epoch">Its controller's epoch.</param>
/// <param name="WeightsSha256">The final weights' hash; null before the end.</param>
/// <param name="Warnings">What kept it from learning.</param>
/// <param name="UpdatesPerBatch">Steps that a batch serves.</param>
/// <param name="Batches">Steps that have a batch in the journal, ascending.</param>
/// <param name="Changeable">Fields of the spec that may change in mid-run, with their values and from when a change
/// holds.</param>
internal sealed record RunDetail(
    RunRow Row, string Spec, long Seed, long Parameters, int ShardSize, string Numerics, long Epoch, string? WeightsSha256,
    IReadOnlyList<string> Warnings, int UpdatesPerBatch, IReadOnlyList<int> Batches, IReadOnlyList<ChangeableField> Changeable)
{
    /// <summary>Reads it.</summary>
    /// <param name="row">The run's row.</param>
    /// <param name="store">The run.</param>
    /// <param name="record">Its record.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<RunDetail> ReadAsync(
        RunRow row, RunStore store, RunRecord record, CancellationToken cancellationToken)
    {
        RunSpec? spec = RunFeed.SpecOf(record);
        return new RunDetail(
            row, record.Spec, record.Seed, record.ParameterCount, record.ShardSize, record.NumericsFingerprint, record.Epoch,
            (string?)record.Result?[RunResult.Weights], RunResult.WarningsOf(record.Result),
            spec is null ? 1 : new Units.UnitPlan(spec).UpdatesPerBatch,
            await store.ListJournalAsync(cancellationToken),
            spec is null ? [] : [.. ChangeableFields.All.Select(one =>
                new ChangeableField(one.Field, ChangeableFields.ValueOf(spec, one.Field), one.From))]);
    }
}

/// <summary>A field that may change in mid-run.</summary>
/// <param name="Field">The field, as <c>rollout.temperature</c>.</param>
/// <param name="Value">Its value now.</param>
/// <param name="From">From when a change holds.</param>
internal sealed record ChangeableField(string Field, string Value, string From);
