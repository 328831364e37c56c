using System.Text.Json;
using Bgpo.Grains;

namespace Bgpo.Dashboard.Runs;

/// <summary>The silos that a run was computed by, over time.</summary>
/// <param name="From">When its first step began, milliseconds of UTC since 1970.</param>
/// <param name="To">When the last thing that is known of it happened.</param>
/// <param name="Lanes">A lane a silo, in the order in which they came.</param>
/// <param name="Events">What happened, oldest first.</param>
/// <param name="Live">The silos that live now; empty where the cluster is not reached.</param>
internal sealed record SiloLanes(
    long From, long To, IReadOnlyList<SiloLane> Lanes, IReadOnlyList<TimelineRow> Events, IReadOnlyList<LiveSilo> Live)
{
    /// <summary>Makes the lanes of what steps record.</summary>
    /// <param name="steps">The steps, ascending.</param>
    /// <param name="isLive">Whether the run goes on.</param>
    /// <param name="now">The time.</param>
    /// <param name="live">The silos that live now.</param>
    internal static SiloLanes Of(
        IReadOnlyList<StoredStep> steps, bool isLive, DateTimeOffset now, IReadOnlyList<SiloDescription> live)
    {
        if (steps.Count == 0)
        {
            return new SiloLanes(0, 0, [], [], [.. live.Select(LiveSilo.Of)]);
        }
        StepMetrics last = steps[^1].Metrics;
        long from = steps[0].Metrics.UnixMilliseconds - (long)(steps[0].Metrics.Seconds * 1000);
        long to = isLive ? now.ToUnixTimeMilliseconds() : last.UnixMilliseconds;
        TimelineRow[] events = EventsOf(steps);
        var lanes = new LaneBuilder(from);
        foreach (StoredStep step in steps)
        {
            StepTimeline timeline = TimelineOf(step);
            foreach (TimelineEntry entry in timeline.Timeline ?? [])
            {
                lanes.Add(entry);
            }
            lanes.Add(step.Metrics, timeline.Work ?? []);
        }
        return new SiloLanes(
            Math.Min(from, events.Length > 0 ? events[0].Time : from), to, lanes.Build(to), events,
            [.. live.Select(LiveSilo.Of)]);
    }

    /// <summary>What happened to a run, oldest first.</summary>
    /// <param name="steps">Its steps.</param>
    internal static TimelineRow[] EventsOf(IReadOnlyList<StoredStep> steps) =>
    [
        .. steps.SelectMany(step => (TimelineOf(step).Timeline ?? [])
            .Select(entry => new TimelineRow(entry.UnixMilliseconds, step.Metrics.Version, entry.Kind, entry.Text))),
    ];

    private static StepTimeline TimelineOf(StoredStep step)
    {
        try
        {
            return JsonSerializer.Deserialize<StepTimeline>(step.Text) ?? new StepTimeline(null, null);
        }
        catch (JsonException)
        {
            return new StepTimeline(null, null);
        }
    }

    private sealed class LaneBuilder(long from)
    {
        private readonly Dictionary<string, Lane> _lanes = [];

        public void Add(TimelineEntry entry)
        {
            if (entry.Silos is not { } silos)
            {
                return;
            }
            foreach (TimelineSilo silo in silos)
            {
                Lane lane = LaneOf(silo.Name);
                lane.Since ??= entry.UnixMilliseconds;
                (lane.Devices, lane.Numerics) = (silo.Devices, silo.Numerics);
            }
            // A controller that comes after another died with its silo tells only of those that it finds.
            foreach ((string name, Lane gone) in _lanes.Where(one => one.Value.Since is not null
                && silos.All(silo => silo.Name != one.Key)))
            {
                string end = entry.Left?.Contains(name) == true ? LaneSpan.Left
                    : entry.Lost?.Contains(name) == true ? LaneSpan.Died : LaneSpan.Gone;
                gone.End(entry.UnixMilliseconds, end);
            }
        }

        public void Add(StepMetrics step, IEnumerable<SiloWork> work)
        {
            foreach (SiloWork silo in work)
            {
                Lane lane = LaneOf(silo.Name);
                lane.Since ??= lane.Spans.Count == 0 ? from : null;
                lane.Work.Add(new LaneWork(step.UnixMilliseconds, step.Version, silo.Done, silo.Shards));
            }
        }

        public IReadOnlyList<SiloLane> Build(long to)
        {
            foreach (Lane lane in _lanes.Values.Where(lane => lane.Since is not null))
            {
                lane.Spans.Add(new LaneSpan(lane.Since!.Value, to, null));
            }
            return
            [
                .. _lanes.Select(one => new SiloLane(
                    one.Key, one.Value.Devices, one.Value.Numerics, one.Value.Spans, one.Value.Work)),
            ];
        }

        private Lane LaneOf(string name) => _lanes.TryGetValue(name, out Lane? lane) ? lane : _lanes[name] = new Lane();
    }

    private sealed class Lane
    {
        public int Devices { get; set; }

        public string Numerics { get; set; } = "";

        public long? Since { get; set; }

        public List<LaneSpan> Spans { get; } = [];

        public List<LaneWork> Work { get; } = [];

        public void End(long when, string how)
        {
            Spans.Add(new LaneSpan(Since ?? when, when, how));
            Since = null;
        }
    }
}

/// <summary>A silo over time.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Devices">Its devices that take work.</param>
/// <param name="Numerics">What decides the bits that they compute; empty where it is not recorded.</param>
/// <param name="Spans">When it lived.</param>
/// <param name="Work">What it did, step by step.</param>
internal sealed record SiloLane(
    string Name, int Devices, string Numerics, IReadOnlyList<LaneSpan> Spans, IReadOnlyList<LaneWork> Work);

/// <summary>A time that a silo lived.</summary>
/// <param name="From">Since when, milliseconds of UTC since 1970.</param>
/// <param name="To">Until when it was seen.</param>
/// <param name="End">How it ended; null: it lives as far as is known.</param>
internal sealed record LaneSpan(long From, long To, string? End)
{
    /// <summary>It was gone without a word.</summary>
    internal const string Died = "died";

    /// <summary>It was gone when another controller began: the one before was on it.</summary>
    internal const string Gone = "gone";

    /// <summary>It was told to leave, and handed over what it had.</summary>
    internal const string Left = "left";
}

/// <summary>What a silo did in a step.</summary>
/// <param name="Time">When the step was committed.</param>
/// <param name="Version">The version that it made.</param>
/// <param name="Done">Pieces of work that it did.</param>
/// <param name="Shards">Shards that it held.</param>
internal sealed record LaneWork(long Time, int Version, int Done, int Shards);

/// <summary>Something that happened to a run.</summary>
/// <param name="Time">When, milliseconds of UTC since 1970.</param>
/// <param name="Version">The version that was committed next.</param>
/// <param name="Kind">What kind.</param>
/// <param name="Text">One line.</param>
internal sealed record TimelineRow(long Time, int Version, string Kind, string Text);

/// <summary>A silo that lives now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Whether it takes work.</param>
/// <param name="Process">Its process id.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Roles">What it is for.</param>
/// <param name="MemoryMiB">Memory of its machine.</param>
/// <param name="Numerics">What decides the bits that its devices compute.</param>
internal sealed record LiveSilo(
    string Name, string State, int Process, int Devices, IReadOnlyList<string> Roles, long MemoryMiB, string Numerics)
{
    /// <summary>A silo as it describes itself.</summary>
    /// <param name="silo">The description.</param>
    internal static LiveSilo Of(SiloDescription silo) => new(
        silo.Name, silo.State == SiloState.Active ? "active" : "leaving", silo.Process, silo.Devices,
        [.. silo.Roles.Select(role => role.ToString().ToLowerInvariant())], silo.MemoryMiB, silo.Numerics);
}
