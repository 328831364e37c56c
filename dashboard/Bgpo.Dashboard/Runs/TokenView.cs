using Bgpo.Objectives;
using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Units;

namespace Bgpo.Dashboard.Runs;

/// <summary>A completion, token by token.</summary>
/// <param name="Group">Its group's place in the batch.</param>
/// <param name="Completion">Its place in the group.</param>
/// <param name="Count">Completions of the group.</param>
/// <param name="Task">The run's task.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Reference">What rewards compare with; empty where the task has none.</param>
/// <param name="Sampled">The completion and what it was worth.</param>
/// <param name="Tokens">Its tokens' texts.</param>
/// <param name="Trace">When each token was set, and with which confidence; null where it is not recorded.</param>
/// <param name="DenoisingSteps">Denoising steps of the rollout; null where they are not recorded.</param>
/// <param name="Samples">The Monte Carlo samples that its ELBO is estimated from.</param>
internal sealed record TokenView(
    int Group, int Completion, int Count, string Task, string Prompt, string Reference, SampledCompletion Sampled,
    IReadOnlyList<string> Tokens, DenoisingTrace? Trace, int? DenoisingSteps, IReadOnlyList<MonteCarloView> Samples)
{
    /// <summary>Reads it.</summary>
    /// <param name="store">The run.</param>
    /// <param name="record">Its record.</param>
    /// <param name="tokens">The run's vocabulary; null: unknown.</param>
    /// <param name="place">Step, group and completion.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The completion; null where the journal has none there.</returns>
    internal static async Task<TokenView?> ReadAsync(
        RunStore store, RunRecord record, TokenTable? tokens, (int Step, int Group, int Completion) place,
        CancellationToken cancellationToken)
    {
        RunSpec? spec = RunFeed.SpecOf(record);
        int batch = spec is null ? place.Step : new UnitPlan(spec).BatchStep(place.Step);
        JournalStep? journal = await store.ReadJournalAsync(batch, cancellationToken);
        if (journal?.Groups.ElementAtOrDefault(place.Group) is not { } group
            || group.Completions.ElementAtOrDefault(place.Completion) is not { } completion)
        {
            return null;
        }
        return new TokenView(
            place.Group, place.Completion, group.Completions.Count, spec?.Task.Name ?? "", group.Prompt, group.Reference,
            SampledGroup.Of(group, place.Group).Completions[place.Completion],
            [.. completion.Tokens.Select(token => tokens?.NameOf(token) ?? $"#{token}")],
            completion.Trace, journal.DenoisingSteps,
            spec is null ? [] : [.. MonteCarloView.Of(spec, (ulong)record.Seed, journal, tokens, place.Group, place.Completion)]);
    }
}

/// <summary>One Monte Carlo sample of a completion.</summary>
/// <param name="Draw">j.</param>
/// <param name="Masked">Places of the response that are masked.</param>
/// <param name="Weight">The weight of each masked token's log-probability.</param>
/// <param name="LogLikelihood">l_j of the old policy; null where the journal has none.</param>
internal sealed record MonteCarloView(int Draw, int[] Masked, double Weight, double? LogLikelihood)
{
    /// <summary>The samples of a completion, drawn again from their addresses.</summary>
    /// <param name="spec">The run's spec.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="journal">The batch.</param>
    /// <param name="tokens">The vocabulary, for the end of the response; null: unknown.</param>
    /// <param name="group">The group's place.</param>
    /// <param name="completion">The completion's place.</param>
    internal static IEnumerable<MonteCarloView> Of(
        RunSpec spec, ulong seed, JournalStep journal, TokenTable? tokens, int group, int completion)
    {
        JournalGroup record = journal.Groups[group];
        int[] response = record.Completions[completion].Tokens;
        int end = spec.Objective.CountPadding || tokens is null ? -1
            : response.AsSpan().IndexOfAny([.. tokens.EndTokens]);
        for (int j = 0; j < spec.Objective.Samples; j++)
        {
            var mask = new bool[end < 0 ? response.Length : end + 1];
            double weight = MonteCarlo.Draw(
                spec.Objective, seed, journal.Step, Philox.Item(group, completion), j, mask);
            yield return new MonteCarloView(
                j, [.. mask.Index().Where(one => one.Item).Select(one => one.Index)], weight,
                record.OldLogLikelihoods?[completion].ElementAtOrDefault(j));
        }
    }
}
