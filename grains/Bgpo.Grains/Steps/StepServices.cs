using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>What a step loop works with.</summary>
public sealed record StepServices
{
    /// <summary>The run.</summary>
    public required RunContext Run { get; init; }

    /// <summary>The spec that each step is taken by.</summary>
    public required RunSettings Settings { get; init; }

    /// <summary>The run's store, to read the journal from.</summary>
    public required RunStore Store { get; init; }

    /// <summary>What is written to the store beside the steps.</summary>
    public required WriteQueue WriteQueue { get; init; }

    /// <summary>Says which versions are to be kept for saving.</summary>
    public required CheckpointWriter Checkpoints { get; init; }

    /// <summary>The run's shards.</summary>
    public required ShardSet Shards { get; init; }

    /// <summary>Who finds a silo for each unit.</summary>
    public required Dispatcher Dispatcher { get; init; }

    /// <summary>Who samples completions and has them scored.</summary>
    public required Rollouts Rollouts { get; init; }

    /// <summary>Where learner grains are found.</summary>
    public required IGrainFactory Grains { get; init; }

    /// <summary>Where progress is told.</summary>
    public required EventLog Events { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Asks the run to stop: a step that waits for the store is given up then.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Newest batch step that the store's journal may have; -1 when it has none.</summary>
    public int JournalledTo { get; init; } = -1;

    /// <summary>Whether a step is going to be taken as soon as the one before it is, as far as is known.</summary>
    public required Func<int, bool> GoesOn { get; init; }
}
