using Bgpo.Grains.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>Tells watchers when shards have no copy on a second silo, and when all have one again: each once.</summary>
/// <param name="events">What watchers are told.</param>
internal sealed class CopyWatch(EventLog events)
{
    /// <summary>Whether shards have no copy though there is a second silo.</summary>
    internal bool IsMissing { get; private set; }

    /// <summary>Takes note of what came of copying.</summary>
    /// <param name="trouble">Which shards were not copied, and why; empty: none.</param>
    /// <param name="silos">Live silos that hold state: one alone has nobody to copy to.</param>
    internal void Note(string trouble, int silos)
    {
        bool wasMissing = IsMissing;
        IsMissing = trouble.Length > 0;
        if (IsMissing && !wasMissing)
        {
            events.Append(n => new Noticed(
                n, $"no second silo took a copy of {trouble}: should a silo that holds shards be lost now, the run goes back " +
                    "to its newest checkpoint; "
                + "copying is tried again"));
        }
        else if (wasMissing && !IsMissing && silos > 1)
        {
            events.Append(n => new Noticed(n, "every shard has a copy on a second silo again"));
        }
    }
}
