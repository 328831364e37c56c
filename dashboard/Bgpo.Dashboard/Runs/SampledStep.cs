using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Units;

namespace Bgpo.Dashboard.Runs;

/// <summary>What a step learned from.</summary>
/// <param name="Step">The step: it makes version step + 1.</param>
/// <param name="Batch">The step at which its batch was sampled.</param>
/// <param name="Temperature">Temperature of sampling; null where it is not recorded.</param>
/// <param name="DenoisingSteps">Denoising steps; null where they are not recorded.</param>
/// <param name="Task">The run's task.</param>
/// <param name="FirstGroup">First group of the step's minibatch.</param>
/// <param name="GroupsPerUpdate">Groups of the minibatch.</param>
/// <param name="Groups">All groups of the batch, in its order.</param>
internal sealed record SampledStep(
    int Step, int Batch, double? Temperature, int? DenoisingSteps, string Task, int FirstGroup, int GroupsPerUpdate,
    IReadOnlyList<SampledGroup> Groups)
{
    /// <summary>Reads it.</summary>
    /// <param name="store">The run.</param>
    /// <param name="record">Its record.</param>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The step; null where the journal has no batch of it.</returns>
    internal static async Task<SampledStep?> ReadAsync(
        RunStore store, RunRecord record, int step, CancellationToken cancellationToken)
    {
        RunSpec? spec = RunFeed.SpecOf(record);
        UnitPlan? plan = spec is null ? null : new UnitPlan(spec);
        return await store.ReadJournalAsync(plan?.BatchStep(step) ?? step, cancellationToken) is not { } journal ? null
            : new SampledStep(
                step, journal.Step, journal.Temperature, journal.DenoisingSteps, spec?.Task.Name ?? "",
                plan?.FirstGroup(step) ?? 0, plan?.GroupsPerUpdate ?? journal.Groups.Count,
                [.. journal.Groups.Select(SampledGroup.Of)]);
    }
}

/// <summary>A prompt and its completions.</summary>
/// <param name="Group">Its place in the batch.</param>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Prompt">Its text.</param>
/// <param name="Reference">What rewards compare with; empty where the task has none.</param>
/// <param name="Spread">Highest reward less the lowest.</param>
/// <param name="HasSignal">Whether it teaches: whether its rewards have spread.</param>
/// <param name="IsLeftOut">Whether its grader failed, so that it was left out.</param>
/// <param name="Completions">Its completions.</param>
internal sealed record SampledGroup(
    int Group, string PromptId, string Prompt, string Reference, double Spread, bool HasSignal, bool IsLeftOut,
    IReadOnlyList<SampledCompletion> Completions)
{
    /// <summary>A group of the journal.</summary>
    /// <param name="group">Its record.</param>
    /// <param name="place">Its place in the batch.</param>
    internal static SampledGroup Of(JournalGroup group, int place) => new(
        place, group.PromptId, group.Prompt, group.Reference, group.Rewards.Max() - group.Rewards.Min(), group.HasSignal,
        group.IsLeftOut,
        [
            .. group.Completions.Select((completion, i) => new SampledCompletion(
                completion.Text, group.Rewards[i], group.Exact[i], group.Advantages[i],
                group.OutcomeOf(i).ToString().ToLowerInvariant(), group.Infos?[i] ?? "")),
        ]);
}

/// <summary>A completion and what it was worth.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Reward">Its reward.</param>
/// <param name="Exact">Whether it solves the problem.</param>
/// <param name="Advantage">Its advantage.</param>
/// <param name="Outcome">What came of judging it.</param>
/// <param name="Why">A short reason for people; empty where there is nothing to say.</param>
internal sealed record SampledCompletion(
    string Text, double Reward, bool Exact, double Advantage, string Outcome, string Why);
