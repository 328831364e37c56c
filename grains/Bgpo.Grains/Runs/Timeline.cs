namespace Bgpo.Grains.Runs;

/// <summary>
/// Collects what happens to a run between two committed steps, for the record of the step that follows: so that who reads the
/// store later sees it. Lives inside one grain, so it needs no locks.
/// </summary>
public sealed class Timeline
{
    /// <summary>Entries of one step. A cluster in trouble moves work many times; the first of it tell enough.</summary>
    private const int Most = 100;

    private readonly List<TimelineEntry> _entries = [];
    private readonly Dictionary<string, int> _done = [];
    private TimelineSilo[] _silos = [];

    /// <summary>Notes which silos live, for the event about them that follows.</summary>
    /// <param name="silos">The silos.</param>
    public void Note(IEnumerable<TimelineSilo> silos) => _silos = [.. silos];

    /// <summary>Notes that a silo has done a piece of work.</summary>
    /// <param name="silo">Its name.</param>
    public void NoteDone(string silo) => _done[silo] = _done.GetValueOrDefault(silo) + 1;

    /// <summary>Notes an event that is worth a line.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="line">The line.</param>
    /// <param name="unixMilliseconds">When, milliseconds of UTC since 1970.</param>
    public void Note(RunEvent happened, string line, long unixMilliseconds)
    {
        if (happened is StepCommitted or Evaluated or Progressed || _entries.Count >= Most)
        {
            return; // those the record has itself
        }
        _entries.Add(happened switch
        {
            RosterChanged roster => new TimelineEntry(roster.UnixMilliseconds, TimelineEntry.Roster, line)
            {
                Lost = roster.Lost,
                Silos = _silos,
            },
            WorkMoved moved => new TimelineEntry(moved.UnixMilliseconds, "moved", line),
            _ => new TimelineEntry(unixMilliseconds, KindOf(happened), line),
        });
    }

    /// <summary>Notes that silos which are gone were leaving in peace.</summary>
    /// <param name="silos">Their names.</param>
    public void NoteLeft(IReadOnlyCollection<string> silos)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Lost is { Length: > 0 } lost && lost.Intersect(silos).ToArray() is { Length: > 0 } left)
            {
                _entries[i] = _entries[i] with { Left = left };
            }
        }
    }

    /// <summary>What was noted since this was last called.</summary>
    public TimelineEntry[] Take()
    {
        TimelineEntry[] taken = [.. _entries];
        _entries.Clear();
        return taken;
    }

    /// <summary>What each silo did since this was last called.</summary>
    /// <param name="shards">Shards that each live silo holds, by its name.</param>
    public SiloWork[] TakeWork(IReadOnlyDictionary<string, int> shards)
    {
        SiloWork[] taken =
        [
            .. shards.Keys.Union(_done.Keys).Order(StringComparer.Ordinal)
                .Select(silo => new SiloWork(silo, _done.GetValueOrDefault(silo), shards.GetValueOrDefault(silo))),
        ];
        _done.Clear();
        return taken;
    }

    private static string KindOf(RunEvent happened) => happened switch
    {
        RunStarted => "controller",
        CheckpointSaved => "checkpoint",
        StoreStatus => "store",
        LearningWarned => "learning",
        RunPaused => "paused",
        RunWentOn => "resumed",
        SpecChanged => "changed",
        RunStopped => "stopped",
        RunCompleted => "completed",
        RunFailed => "failed",
        _ => "notice",
    };
}
