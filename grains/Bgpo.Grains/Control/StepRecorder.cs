using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>Evaluates a run, and records committed steps and evaluations in its store, its meter and its events.</summary>
/// <param name="run">The run.</param>
/// <param name="store">Its store.</param>
/// <param name="writes">What is written in order.</param>
/// <param name="evaluator">Evaluates.</param>
/// <param name="learning">Sees whether the run learns.</param>
/// <param name="loop">Told how far an evaluation is.</param>
/// <param name="reporter">Tells watchers, and knows what happened since the last step.</param>
/// <param name="counted">Highest version that was ever committed, as far as the store knows.</param>
/// <param name="last">The newest step that is recorded; null: none.</param>
internal sealed class StepRecorder(
    RunContext run, RunStore store, WriteQueue writes, Evaluator evaluator, LearningMonitor learning, StepLoop loop,
    RunReporter reporter,
    int counted, StepMetrics? last)
{
    private static readonly JsonSerializerOptions s_timeline =
        new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private int _counted = counted;

    /// <summary>The newest committed step, which an evaluation of its version is added to.</summary>
    private StepMetrics? _last = last;

    /// <summary>What happened meanwhile, as its record has it.</summary>
    private StepTimeline _timeline = new(null, null);

    /// <summary>Records a committed step.</summary>
    /// <param name="metrics">What it measured.</param>
    internal void Committed(StepMetrics metrics)
    {
        RunMeter.Committed(run.Id, metrics, isNew: metrics.Version > _counted);
        _counted = Math.Max(_counted, metrics.Version);
        _timeline = new StepTimeline(reporter.Timeline.Take(), reporter.Timeline.TakeWork(loop.ShardsBySilo()));
        Write(metrics);
        reporter.Events.Append(n => new StepCommitted(n, metrics));
        learning.CheckStep(metrics);
    }

    /// <summary>Evaluates a version, and adds the evaluation to its step's metrics.</summary>
    /// <param name="version">The version.</param>
    /// <param name="count">Problems.</param>
    /// <param name="isFinal">Whether it is one of the two by which the run is judged.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<EvaluationSummary> EvaluateAsync(
        int version, int count, bool isFinal, CancellationToken cancellationToken)
    {
        EvaluationSummary summary = await evaluator.Evaluate(
            version, count, (done, total) => loop.Progress(version, RunPhase.Evaluate, done, total), cancellationToken);
        reporter.Events.Append(n => new Evaluated(n, version, summary, isFinal));
        if (_last is { } step && step.Version == version)
        {
            Write(step with { Evaluation = summary });
            RunMeter.Evaluated(run.Id, _last);
        }
        return summary;
    }

    /// <summary>Writes a committed step's metrics, in order with everything else.</summary>
    private void Write(StepMetrics metrics)
    {
        _last = metrics;
        JsonObject values = JsonSerializer.SerializeToNode(metrics)!.AsObject();
        foreach ((string name, JsonNode? value) in JsonSerializer.SerializeToNode(_timeline, s_timeline)!.AsObject())
        {
            values[name] = value?.DeepClone();
        }
        _ = writes.Enqueue(metrics.Version - 1, () => store.WriteMetricsAsync(metrics.Version, values));
    }
}
