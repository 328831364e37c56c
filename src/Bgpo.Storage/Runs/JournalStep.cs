using System.Text.Json.Serialization;

namespace Bgpo.Storage.Runs;

/// <summary>
/// What one batch step learned from. With the weights of its version it makes the step's gradient a pure function.
/// </summary>
public sealed record JournalStep
{
    /// <summary>Format written by this version.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format of the file.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>The batch step.</summary>
    public required int Step { get; init; }

    /// <summary>Temperature that the completions were sampled at; null in records of older versions.</summary>
    public double? Temperature { get; init; }

    /// <summary>Denoising steps that they were sampled with; null in records of older versions.</summary>
    public int? DenoisingSteps { get; init; }

    /// <summary>One group a prompt, in the batch's order.</summary>
    public required IReadOnlyList<JournalGroup> Groups { get; init; }

    /// <summary>What is wrong with the record in itself, or null.</summary>
    internal string? Fault()
    {
        if (Step < 0)
        {
            return $"has step {Step}; expected 0 or more";
        }

        for (int i = 0; i < Groups.Count; i++)
        {
            if (Groups[i].Fault() is { } fault)
            {
                return $"has group {i} ('{Groups[i].PromptId}') {fault}";
            }
        }
        return null;
    }
}

/// <summary>The G completions of one prompt and what they are worth.</summary>
public sealed record JournalGroup
{
    /// <summary>
    /// Whether the group has spread in its rewards: one without has advantages of 0, and nothing to learn from.
    /// </summary>
    [JsonIgnore]
    public bool HasSignal => Advantages.Any(advantage => advantage != 0);

    /// <summary>Whether the grader failed one of its completions for good, so that the group was left out.</summary>
    [JsonIgnore]
    public bool IsLeftOut => Outcomes?.Contains(Outcome.Failed) == true;

    /// <summary>The prompt's id in its data set.</summary>
    public required string PromptId { get; init; }

    /// <summary>In a mixture the label of the task that the prompt is of; null in other runs.</summary>
    public string? Task { get; init; }

    /// <summary>The prompt's text.</summary>
    public required string Prompt { get; init; }

    /// <summary>The reference that rewards compare with; empty when the task has none.</summary>
    public string Reference { get; init; } = "";

    /// <summary>The prompt's token ids.</summary>
    public required int[] PromptTokens { get; init; }

    /// <summary>The G completions.</summary>
    public required IReadOnlyList<JournalCompletion> Completions { get; init; }

    /// <summary>G rewards; 0 where the grader failed, and then without meaning.</summary>
    public required double[] Rewards { get; init; }

    /// <summary>What came of judging each; null in records of older versions, whose completions all were judged.</summary>
    public Outcome[]? Outcomes { get; init; }

    /// <summary>A short reason for people, for each; null where there is nothing to say.</summary>
    public string[]? Infos { get; init; }

    /// <summary>G flags: whether the completion solves the task exactly.</summary>
    public required bool[] Exact { get; init; }

    /// <summary>G advantages.</summary>
    public required double[] Advantages { get; init; }

    /// <summary>
    /// Old policy's log-likelihood terms, (G, n_t); null when the step's first update is on-policy and only one is taken.
    /// </summary>
    public double[][]? OldLogLikelihoods { get; init; }

    /// <summary>What came of judging a completion.</summary>
    /// <param name="completion">Its place.</param>
    public Outcome OutcomeOf(int completion) => Outcomes?[completion] ?? Outcome.Scored;

    internal string? Fault() => CountFault() ?? OutcomeFault() ?? ValueFault();

    private string? CountFault()
    {
        int count = Completions.Count;
        if (Rewards.Length != count || Exact.Length != count || Advantages.Length != count)
        {
            return $"with {count} completions, {Rewards.Length} rewards, {Exact.Length} exact flags and {Advantages.Length} " +
                "advantages; "
                + "expected equal counts";
        }
        if (Completions.Any(one => one.Trace is { } trace
            && (trace.SetIn.Length != one.Tokens.Length || trace.Confidences.Length != one.Tokens.Length)))
        {
            return "with a denoising trace that is not as long as its completion";
        }
        return OldLogLikelihoods is { } old && (old.Length != count || old.Any(row => row.Length != old[0].Length))
            ? $"with old log-likelihoods that are not ({count}, n_t)"
            : null;
    }

    private string? OutcomeFault()
    {
        int count = Completions.Count;
        int outcomes = Outcomes?.Length ?? count, infos = Infos?.Length ?? count;
        if (outcomes != count || infos != count)
        {
            return $"with {count} completions, {outcomes} outcomes and {infos} infos; expected equal counts";
        }
        return IsLeftOut && HasSignal ? "with a completion that was not judged and advantages that are not 0" : null;
    }

    private string? ValueFault()
    {
        if (Array.FindIndex(Rewards, value => !double.IsFinite(value)) is >= 0 and int reward)
        {
            return $"with reward {Rewards[reward]} of completion {reward}; expected a finite number";
        }

        if (Array.FindIndex(Advantages, value => !double.IsFinite(value)) is >= 0 and int advantage)
        {
            return $"with advantage {Advantages[advantage]} of completion {advantage}; expected a finite number";
        }

        return OldLogLikelihoods?.Any(row => row.Any(value => !double.IsFinite(value))) == true
            ? "with an old log-likelihood that is not finite"
            : null;
    }
}

/// <summary>One completion.</summary>
/// <param name="Tokens">Its token ids.</param>
/// <param name="Text">Its text.</param>
public sealed record JournalCompletion(int[] Tokens, string Text)
{
    /// <summary>How it was denoised, for people; null in records of older versions. No step's bits depend on it.</summary>
    public DenoisingTrace? Trace { get; init; }
}

/// <summary>How a completion was denoised, token by token.</summary>
/// <param name="SetIn">The denoising step in which each token was set, from 0; -1 where none was.</param>
/// <param name="Confidences">What each was chosen by (rollout.remasking), in thousandths; 0 where none was set.</param>
public sealed record DenoisingTrace(int[] SetIn, int[] Confidences);
