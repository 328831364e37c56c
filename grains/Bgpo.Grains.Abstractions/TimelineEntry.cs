namespace Bgpo.Grains;

/// <summary>
/// Something that happened to a run between two committed steps, as the record of the step that follows has it.
/// </summary>
/// <param name="UnixMilliseconds">When, milliseconds of UTC since 1970.</param>
/// <param name="Kind">What: the event's name in lower case, such as roster, checkpoint or paused.</param>
/// <param name="Text">One line for people.</param>
public sealed record TimelineEntry(long UnixMilliseconds, string Kind, string Text)
{
    /// <summary>Name of this kind where the live silos changed.</summary>
    public const string Roster = "roster";

    /// <summary>Where the live silos changed: names of those that are gone.</summary>
    public string[]? Lost { get; init; }

    /// <summary>Of <see cref="Lost"/>, those that were leaving in peace, as the cluster's membership said.</summary>
    public string[]? Left { get; init; }

    /// <summary>Where the live silos changed: those that live now.</summary>
    public TimelineSilo[]? Silos { get; init; }
}

/// <summary>A live silo, as a timeline has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Devices">Its devices that take work.</param>
/// <param name="Numerics">What decides the bits that they compute.</param>
public sealed record TimelineSilo(string Name, int Devices, string Numerics);

/// <summary>What a silo did in a step.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Done">Pieces of work that it did since the step before: rollouts, evaluations and gradient units.</param>
/// <param name="Shards">The run's shards that it held when the step was committed.</param>
public sealed record SiloWork(string Name, int Done, int Shards);

/// <summary>The part of a step's record that says what happened meanwhile; what is null is not recorded.</summary>
/// <param name="Timeline">What happened since the step before, in order.</param>
/// <param name="Work">What each silo did.</param>
public sealed record StepTimeline(TimelineEntry[]? Timeline, SiloWork[]? Work);
