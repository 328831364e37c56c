using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <summary>Tells this cluster from the others that a run's record may name, and whether those live.</summary>
public interface IRunOwners
{
    /// <summary>This machine, as run.json names it.</summary>
    string Host { get; }

    /// <summary>Whether a record's owner is this very cluster.</summary>
    /// <param name="record">The record.</param>
    bool IsThis(RunRecord record);

    /// <summary>
    /// Whether the process or cluster that a record names as its owner lives; null where that cannot be told from here.
    /// </summary>
    /// <param name="record">The record.</param>
    bool? Lives(RunRecord record);

    /// <summary>The owner that a record names, for people.</summary>
    /// <param name="record">The record.</param>
    string NameOf(RunRecord record);
}
