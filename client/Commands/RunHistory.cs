using System.Text.Json;
using Bgpo.Storage;

namespace Bgpo.Client.Commands;

/// <summary>The metrics of a run's committed steps, from its store.</summary>
internal static class RunHistory
{
    /// <summary>What can be drawn and compared: name, meaning, value of a step.</summary>
    internal static IReadOnlyList<(string Name, string Title, Func<Grains.StepMetrics, double> Of)> Curves { get; } =
    [
        ("reward", "mean reward", step => step.MeanReward),
        ("solved", "solve rate", step => step.SolveRate),
        ("norm", "gradient norm", step => step.GradientNorm),
        ("elbo", "ELBO, nats", step => step.Elbo),
        ("groups", "groups that teach", step => step.ActiveGroups),
        ("seconds", "seconds a step", step => step.Seconds),
        ("rate", "learning rate", step => step.LearningRate),
    ];

    /// <summary>Reads them, ascending by version.</summary>
    /// <exception cref="BadInputException">There are none, or one is damaged.</exception>
    internal static async Task<IReadOnlyList<Grains.StepMetrics>> Read(RunStore store, CancellationToken cancellationToken)
    {
        List<Grains.StepMetrics> steps = [];
        try
        {
            await foreach (var stored in store.ReadMetricsAsync(0, cancellationToken).ConfigureAwait(false))
                steps.Add(stored.Values.Deserialize<Grains.StepMetrics>()!);
        }
        catch (Exception e) when (e is StorageException or JsonException)
        {
            throw new BadInputException(e.Message, e);
        }

        return steps.Count > 0 ? steps : throw new BadInputException($"run '{store.RunId}' has no metrics yet: no step is committed");
    }
}
