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
        ("eval", "held out, solved greedily", step => step.Evaluation?.GreedyExact ?? double.NaN),
        ("elbo", "ELBO, nats", step => step.Elbo),
        ("groups", "groups that teach", step => step.ActiveGroups),
        ("seconds", "seconds a step", step => step.Seconds),
        ("unit", "seconds a unit", step => step.Units > 0 ? step.GradientSeconds / step.Units : double.NaN),
        ("silos", "live silos", step => step.Silos),
        ("rate", "learning rate", step => step.LearningRate),
    ];

    /// <summary>Reads them, ascending by version.</summary>
    /// <exception cref="BadInputException">There are none, or one is damaged.</exception>
    internal static async Task<IReadOnlyList<Grains.StepMetrics>> Read(RunStore store, CancellationToken cancellationToken)
    {
        var steps = await ReadAll(store, cancellationToken).ConfigureAwait(false);
        return steps.Count > 0 ? steps : throw new BadInputException($"run '{store.RunId}' has no metrics yet: no step is committed");
    }

    /// <summary>Reads them, ascending by version, if there are any.</summary>
    /// <exception cref="BadInputException">One is damaged.</exception>
    internal static async Task<IReadOnlyList<Grains.StepMetrics>> ReadAll(RunStore store, CancellationToken cancellationToken)
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

        return steps;
    }
}
