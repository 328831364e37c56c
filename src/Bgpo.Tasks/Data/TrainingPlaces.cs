namespace Bgpo.Tasks.Data;

/// <summary>Where a prompt of a batch stands in the endless order of its task's prompts.</summary>
/// <param name="seed">The run's seed.</param>
/// <param name="step">The step that samples the batch.</param>
/// <param name="index">Place in the batch, from 0.</param>
internal delegate long TrainingPlace(ulong seed, int step, int index);

/// <summary>Orders of a task's training prompts.</summary>
internal static class TrainingPlaces
{
    /// <summary>
    /// Batch by batch, so that each problem comes once an epoch; without a run's shape a random place for each prompt, in which
    /// some problems come twice before others come once.
    /// </summary>
    /// <param name="shape">The run's shape; null where there is no run.</param>
    public static TrainingPlace Of(RunShape? shape) => shape is null
        ? (seed, step, index) => Streams.Training(seed, step, index).UInt32(0)
        : (seed, step, index) => (((long)(step / shape.UpdatesPerBatch)) * shape.Prompts) + index;
}
