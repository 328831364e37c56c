using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>From where a run goes on.</summary>
/// <param name="Run">The run.</param>
/// <param name="Checkpoint">The checkpoint that its shards are to load; null: they can stand at a version without.</param>
/// <param name="JournalledTo">Newest batch step that the store's journal has; -1 when it has none.</param>
/// <param name="IsComplete">Whether the run has taken all of its steps, and that checkpoint is its last.</param>
internal sealed record RestorePoint(RunContext Run, CheckpointManifest? Checkpoint, int JournalledTo, bool IsComplete);
