using System.Diagnostics.CodeAnalysis;
using Bgpo.Grains;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bgpo.Client.Watching;

/// <summary>What the live view knows of a run, fed by its events, and how it looks. Knows no clock and no terminal.</summary>
internal sealed class TrainingView
{
    /// <summary>Steps that are called recent.</summary>
    private const int RecentSteps = 20;
    private const int NoticesShown = 3;
    private static readonly TimeSpan RecentRoster = TimeSpan.FromMinutes(5);
    private const int Label = 12;

    private readonly List<StepMetrics> _steps = [];
    private readonly List<string> _notices = [];
    private readonly SortedDictionary<LearningConcern, string> _concerns = [];
    private readonly List<Evaluated> _evaluations = [];
    private readonly List<RosterChanged> _rosters = [];
    private StoreStatus? _store;
    private DateTimeOffset _storeAt;
    private RunPaused? _paused;
    private RunStarted? _started;
    private DateTimeOffset _startedAt;
    private Progressed? _progress;
    private Evaluated? _first;
    private Evaluated? _latest;
    private CheckpointSaved? _checkpoint;
    private DateTimeOffset _checkpointAt;
    private string? _end;
    private double? _seconds;
    private string _footer = Presenters.StopFooter;

    /// <summary>Takes an event in.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="now">When it was seen.</param>
    [SuppressMessage("Maintainability", "CA1502", Justification = "A case an event.")]
    internal void On(RunEvent happened, DateTimeOffset now)
    {
        switch (happened)
        {
            case RunStarted started:
                _startedAt = started.SinceUnixMilliseconds > 0
                    ? DateTimeOffset.FromUnixTimeMilliseconds(started.SinceUnixMilliseconds) : now;
                (_started, _paused) = (started, null);
                _concerns.Clear();
                if (_checkpoint?.Version > started.Checkpoint)
                {
                    _checkpoint = null; // the run went back, and dropped it
                }

                DropFrom(started.Version + 1);
                break;
            case Progressed progress:
                _progress = progress;
                break;
            case StepCommitted step:
                // After going back to a checkpoint the same versions come again.
                DropFrom(step.Metrics.Version);
                _steps.Add(step.Metrics);
                break;
            case Evaluated evaluated:
                _first ??= evaluated;
                _latest = evaluated;
                _evaluations.RemoveAll(one => one.Version >= evaluated.Version);
                _evaluations.Add(evaluated);
                break;
            case RosterChanged roster:
                _rosters.Add(roster);
                break;
            case LearningWarned { IsOver: true } over:
                _concerns.Remove(over.Concern);
                break;
            case LearningWarned warned:
                _concerns[warned.Concern] = warned.Message;
                break;
            case RunPaused paused:
                _paused = paused;
                break;
            case RunWentOn:
                _paused = null;
                break;
            case SpecChanged changed:
                _started = _started is null ? null : _started with { Steps = changed.Steps };
                Notice($"from step {changed.FromStep} on: {string.Join(", ", changed.Fields)}");
                break;
            case CheckpointSaved saved:
                (_checkpoint, _checkpointAt) = (saved, now);
                break;
            case Noticed noticed:
                Notice(noticed.Message);
                break;
            case GroupLeftOut left:
                Notice(left.Describe());
                break;
            case StoreStatus store:
                if (_store?.Healthy != store.Healthy)
                {
                    _storeAt = now;
                }

                _store = store;
                Notice(store.Message);
                break;
            case RunCompleted done:
                End("completed", done.Seconds > 0 ? done.Seconds : null);
                break;
            case RunStopped:
                End("stopped");
                break;
            case RunFailed:
                End("failed");
                break;
        }
    }

    /// <summary>Its time stands still then, also for who looks long after; by its last step where nobody has said it.</summary>
    private void End(string end, double? seconds = null)
    {
        _end = end;
        var last = _steps.Count > 0 ? _steps[^1].UnixMilliseconds : 0;
        _seconds = seconds ?? (last > 0 ? (DateTimeOffset.FromUnixTimeMilliseconds(last) - _startedAt).TotalSeconds : null);
    }

    private void Notice(string message)
    {
        _notices.Add(message);
        if (_notices.Count > NoticesShown)
        {
            _notices.RemoveAt(0);
        }
    }

    /// <summary>Replaces the last line, which says what the watcher may do.</summary>
    internal void Footer(string message) => _footer = message;

    /// <summary>The view: lines of at most <paramref name="width"/> columns.</summary>
    /// <param name="now">The time, for what has passed.</param>
    /// <param name="width">Columns.</param>
    internal IRenderable Render(DateTimeOffset now, int width)
    {
        var rows = new List<IRenderable>();
        if (_started is null)
        {
            rows.Add(new ViewLine(width).Add("starting…", ViewLine.Dim));
        }
        else
        {
            rows.Add(Title(_started, width));
            rows.Add(Versions(_started, now, width));
            if (_paused is { } paused && _end is null)
            {
                rows.Add(Paused(paused, width));
            }
            else if (_progress is { } progress && _end is null)
            {
                rows.Add(Phase(progress, width));
            }

            rows.Add(new ViewLine(width));
            rows.Add(Curve("reward", m => m.MeanReward, width));
            rows.Add(Curve("solve rate", m => m.SolveRate, width));
            rows.AddRange(Tasks(width));
            rows.Add(HeldOut(width));
            if (_evaluations.Count > 2)
            {
                rows.Add(Curve("  greedy", [.. _evaluations.Select(one => one.Result.GreedyExact)], width));
            }

            rows.Add(new ViewLine(width));
            rows.AddRange(Rates(width));
            if (_rosters.Count > 0)
            {
                rows.Add(Silos(_rosters[^1], now, width));
            }

            rows.Add(Checkpoint(now, width));
            rows.Add(Store(now, width));
        }

        rows.AddRange(_concerns.Values.Select(concern =>
            new ViewLine(width).Label("warning", Label).Add(concern, ViewLine.Warning)));
        rows.AddRange(_notices.Select(notice => new ViewLine(width).Add(notice, ViewLine.Warning)));
        if (_started is not null && _end is null)
        {
            rows.Add(new ViewLine(width).Add(_footer, ViewLine.Dim));
        }

        return new Rows(rows);
    }

    private void DropFrom(int version) => _steps.RemoveAll(step => step.Version >= version);

    private int Version => _steps.Count > 0 ? _steps[^1].Version : _started?.Version ?? 0;

    private static ViewLine Title(RunStarted started, int width) => new ViewLine(width)
        .Add(started.Run, ViewLine.Strong)
        .Add($"  {started.Task}, {Format.Many(started.Parameters, "parameter")} in {Format.Many(started.Shards, "shard")}",
            ViewLine.Dim);

    private ViewLine Versions(RunStarted started, DateTimeOffset now, int width)
    {
        var left = started.Steps - Version;
        var pace = Pace.Of(_steps);
        var times = Format.Clock(_seconds ?? (now - _startedAt).TotalSeconds)
            + (_end is not null ? $", {_end}" : _paused is not null ? ", paused" : pace > 0 && left > 0
                ? $", about {Format.Clock(pace * left)} left" : "");
        return Progress("version", Version, started.Steps, times, width);
    }

    private static ViewLine Phase(Progressed progress, int width) => Progress(
        progress.Phase.ToString().ToLowerInvariant(), progress.Done, progress.Total,
        $"{progress.InFlight} in flight on {Format.Many(progress.Devices, "device")}", width);

    private static ViewLine Progress(string label, int done, int total, string tail, int width)
    {
        var (full, rest) = Sparkline.Bar(total > 0 ? (double)done / total : 0, Math.Clamp(width - 62, 8, 40));
        return new ViewLine(width).Label(label, Label)
            .Add($"{$"{Format.Count(done)} of {Format.Count(total)}",-13} ")
            .Add(full, ViewLine.Good).Add(rest, ViewLine.Dim).Add("  ").Add(tail);
    }

    private static ViewLine Paused(RunPaused paused, int width) => new ViewLine(width).Label("paused", Label)
        .Add($"at version {paused.Version}{(paused.Reason.Length > 0 ? $": {paused.Reason}" : "")}", ViewLine.Warning);

    /// <summary>The tasks of a mixture by themselves, as of the newest step that has each.</summary>
    private IEnumerable<ViewLine> Tasks(int width) =>
        from step in _steps.AsEnumerable().Reverse().Take(100)
        from task in step.Tasks ?? []
        group task by task.Task into newest
        orderby newest.Key
        select new ViewLine(width).Label("  " + newest.Key, Label)
            .Add($"reward {Format.Share(newest.First().MeanReward)}  solved {Format.Share(newest.First().SolveRate)}");

    private ViewLine Curve(string label, Func<StepMetrics, double> of, int width) => Curve(label, [.. _steps.Select(of)], width);

    private static ViewLine Curve(string label, double[] values, int width)
    {
        var line = new ViewLine(width).Label(label, Label);
        if (values.Length == 0)
        {
            return line.Add("-", ViewLine.Dim);
        }

        var finite = values.Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        return line.Add($"{Format.Share(values[^1])}  ", ViewLine.Strong)
            .Add(Sparkline.Of(values, Math.Clamp(width - 42, 8, 60)), ViewLine.Good)
            .Add($"  {Format.Share(finite.Min())} to {Format.Share(finite.Max())}", ViewLine.Dim);
    }

    private ViewLine HeldOut(int width)
    {
        var line = new ViewLine(width).Label("held out", Label);
        if (_first is not { } first || _latest is not { } latest)
        {
            return line.Add("-", ViewLine.Dim);
        }

        if (ReferenceEquals(first, latest))
        {
            return line.Add($"greedy {Format.Share(latest.Result.GreedyExact)}  sampled " +
                $"{Format.Share(latest.Result.SampledExact)}  ")
                .Add($"reward {Format.Share(latest.Result.MeanReward)}").Add($"  at {latest.Version}", ViewLine.Dim);
        }

        return line.Add("greedy ").Change(first.Result.GreedyExact, latest.Result.GreedyExact)
            .Add("  sampled ").Change(first.Result.SampledExact, latest.Result.SampledExact)
            .Add("  reward ").Change(first.Result.MeanReward, latest.Result.MeanReward)
            .Add($"  at {latest.Version}", ViewLine.Dim);
    }

    private IEnumerable<ViewLine> Rates(int width)
    {
        if (_steps.Count == 0)
        {
            yield break;
        }

        var last = _steps[^1];
        var recent = _steps.TakeLast(RecentSteps / 4).ToArray();
        var seconds = recent.Sum(step => step.Seconds);
        yield return new ViewLine(width).Label("a step", Label).Add($"{Format.Short(last.Seconds)} s", ViewLine.Strong)
            .Add($"  rollout {Format.Short(last.RolloutSeconds)}  reward {Format.Short(last.RewardSeconds)}")
            .Add($"  gradient {Format.Short(last.GradientSeconds)}  commit {Format.Short(last.CommitSeconds)}")
            .Add(last.RewardQueueSeconds >= 0.5 * last.Seconds ? $"  waited for rewards {Format.Short(last.RewardQueueSeconds)}" : "");
        yield return new ViewLine(width).Label("rate", Label)
            .Add($"{Format.Count(Format.Rate(recent.Sum(step => (double)step.Samples), seconds))} samples/s")
            .Add($"  {Format.Count(Format.Rate(recent.Sum(step => (double)step.Tokens), seconds))} tokens/s")
            .Add($"  {last.ActiveGroups} of {last.Groups} groups teach")
            .Add(last.LeftOutGroups > 0 ? $"  {last.LeftOutGroups} left out, {last.RewardsFailed} completions not judged" : "",
                ViewLine.Warning);
        yield return new ViewLine(width).Label("optimizer", Label)
            .Add($"gradient norm {Format.Short(last.GradientNorm)}  learning rate {Format.Tiny(last.LearningRate)}  ELBO " +
                $"{Format.Short(last.Elbo)}")
            .Add(last.BoundHits > 0 ? $"  bound hit {last.BoundHits} times" : "", ViewLine.Warning)
            .Add(last.HalvedUnits > 0 ? $"  {Format.Many(last.HalvedUnits, "unit")} halved to fit the sum" : "",
                ViewLine.Warning);
        yield return new ViewLine(width).Label("memory", Label).Add($"{Format.Count(last.RssMiB)} MiB")
            .Add(last.Redispatched > 0 ? $"  {Format.Many(last.Redispatched, "unit")} dispatched again" : "", ViewLine.Warning);
    }

    /// <summary>How many silos there are, and who came and went in the last minutes.</summary>
    private ViewLine Silos(RosterChanged newest, DateTimeOffset now, int width)
    {
        var since = now - RecentRoster;
        // The first list of a controller is no news.
        var recent = _rosters.Skip(1).Where(roster => DateTimeOffset.FromUnixTimeMilliseconds(roster.UnixMilliseconds) >= since)
            .ToArray();
        var (joined, lost) = (recent.Sum(roster => roster.Joined.Length), recent.Sum(roster => roster.Lost.Length));
        var line = new ViewLine(width).Label("silos", Label)
            .Add($"{newest.Silos} with {Format.Many(newest.Devices, "device")}");
        if (joined + lost > 0)
        {
            line.Add($"  {joined} joined, {lost} lost in {RecentRoster.TotalMinutes:0} min", lost > 0 ? ViewLine.Warning : null);
        }

        return recent.LastOrDefault(roster => roster.Lost.Length > 0) is { } last
            ? line.Add($"; {last.Lost[^1]} lost " +
                $"{Format.Clock((now - DateTimeOffset.FromUnixTimeMilliseconds(last.UnixMilliseconds)).TotalSeconds)} ago",
                    ViewLine.Warning)
            : line;
    }

    /// <summary>Whether the store takes what the run writes.</summary>
    private ViewLine Store(DateTimeOffset now, int width)
    {
        var line = new ViewLine(width).Label("store", Label);
        if (_store is { Healthy: false } or { Waiting: true })
        {
            return line.Add($"{(_store.Waiting ? "training waits for it" : "takes nothing")}, " +
                $"{Format.Many(_store.Behind, "version")} behind, "
                + $"{Format.Clock((now - _storeAt).TotalSeconds)}", ViewLine.Warning);
        }

        line.Add("takes everything");
        var recent = _steps.TakeLast(RecentSteps).ToArray();
        var (retries, failures) = (recent.Sum(step => step.StoreRetries), recent.Sum(step => step.StoreFailures));
        return retries + failures > 0
            ? line.Add($"  in the last {Format.Many(recent.Length, "step")} tried again {retries} times, gave up {failures}",
                ViewLine.Warning)
            : line;
    }

    private ViewLine Checkpoint(DateTimeOffset now, int width)
    {
        var line = new ViewLine(width).Label("checkpoint", Label);
        return _checkpoint is { } saved
            ? line.Add($"version {saved.Version}, {Format.Clock((now - _checkpointAt).TotalSeconds)} ago")
            : line.Add($"version {_started?.Checkpoint ?? 0}");
    }
}
