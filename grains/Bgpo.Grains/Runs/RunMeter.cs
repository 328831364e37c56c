using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Bgpo.Grains.Runs;

/// <summary>
/// What controllers of this process report through <c>System.Diagnostics.Metrics</c>, meter <see cref="Name"/>, tag <c>run</c>.
/// Gauges show the newest committed step of each run; counters count a version once, however often it is taken. See
/// docs/metrics.md.
/// </summary>
public static class RunMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Bgpo.Run";

    private static readonly Meter s_meter = new(Name);
    private static readonly ConcurrentDictionary<string, StepMetrics> s_newest = new();
    private static readonly Counter<long> s_steps = s_meter.CreateCounter<long>("bgpo.run.steps", "{step}", "Steps committed.");
    private static readonly Counter<long> s_samples =
        s_meter.CreateCounter<long>("bgpo.run.samples", "{sample}", "Monte Carlo samples that contributed.");
    private static readonly Counter<long> s_tokens = s_meter.CreateCounter<long>("bgpo.run.tokens", "{token}", "Tokens sampled.");
    private static readonly Counter<long> s_repeated = s_meter.CreateCounter<long>(
        "bgpo.run.steps.repeated", "{step}", "Steps committed again after the run had gone back.");

    static RunMeter()
    {
        foreach (StepSeries series in StepSeries.All)
        {
            s_meter.CreateObservableGauge(series.Instrument, () => Measure(series), series.Unit, series.Description);
        }
        foreach (TaskSeries series in TaskSeries.All)
        {
            s_meter.CreateObservableGauge(series.Instrument, () => Measure(series), "1", series.Description);
        }
    }

    /// <summary>A step was committed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="metrics">What the step measured.</param>
    /// <param name="isNew">Whether its version was never committed before.</param>
    public static void Committed(string run, StepMetrics metrics, bool isNew)
    {
        s_newest[run] = metrics;
        KeyValuePair<string, object?> tag = new("run", run);
        if (!isNew)
        {
            Meters.Add(s_repeated, 1, tag);
            return;
        }
        Meters.Add(s_steps, 1, tag);
        Meters.Add(s_samples, metrics.Samples, tag);
        Meters.Add(s_tokens, metrics.Tokens, tag);
    }

    /// <summary>The newest step was evaluated.</summary>
    /// <param name="run">The run.</param>
    /// <param name="metrics">What it measured, its evaluation included.</param>
    public static void Evaluated(string run, StepMetrics metrics) => s_newest[run] = metrics;

    /// <summary>This process drives a run no longer.</summary>
    /// <param name="run">The run.</param>
    public static void Left(string run) => s_newest.TryRemove(run, out _);

    private static IEnumerable<Measurement<double>> Measure(StepSeries series) =>
        s_newest.Select(pair =>
            new Measurement<double>(series.Of(pair.Value), new KeyValuePair<string, object?>("run", pair.Key)))
            .Where(measured => double.IsFinite(measured.Value));

    private static IEnumerable<Measurement<double>> Measure(TaskSeries series) =>
        from pair in s_newest
        from task in series.Of(pair.Value)
        where double.IsFinite(task.Value)
        select new Measurement<double>(
            task.Value, new KeyValuePair<string, object?>("run", pair.Key), new KeyValuePair<string, object?>("task", task.Task));
}
