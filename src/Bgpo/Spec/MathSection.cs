namespace Bgpo.Spec;

/// <summary>Shares of the reward for the form of a solution. In YAML a choice is its name with a small first letter.</summary>
public enum MathFormat
{
    /// <summary>None: 1 for a right answer, else 0.</summary>
    None,

    /// <summary>
    /// d1's rewards on GSM8K, divided by 3.5: 2 for a right answer; a half each for the tags' places, the soft or the strict
    /// pattern of reasoning and answer, and a whole number as the answer.
    /// </summary>
    D1,

    /// <summary>
    /// d1's rewards on MATH, divided by 3: 2 for a right answer; 1/2 for the answer's tags, 1/2 for a box in them.
    /// </summary>
    D1Boxed,
}

/// <summary>The task math: prompts and rewards.</summary>
public sealed record MathSection : IRuled
{
    /// <summary>What stands for the question in a prompt of one's own.</summary>
    public const string Question = "{question}";

    private static readonly string[] s_prompts = ["plain", "boxed", "d1", "d1Boxed"];

    /// <summary>
    /// What the model reads: <c>plain</c> the question alone; <c>boxed</c> with the wish for a \boxed{} answer; <c>d1</c> and
    /// <c>d1Boxed</c> d1's prompts for GSM8K and MATH; or a text with {question} where the question is to stand.
    /// </summary>
    public string Prompt { get; init; } = "plain";

    /// <summary>
    /// Shares of the reward for the form: <c>none</c>; <c>d1</c> as d1 has them on GSM8K; <c>d1Boxed</c> as on MATH.
    /// </summary>
    public MathFormat Format { get; init; } = MathFormat.None;

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (!s_prompts.Contains(Prompt) && !Prompt.Contains(Question, StringComparison.Ordinal))
        {
            yield return new(["prompt"], $"one of {string.Join(", ", s_prompts)}, or a text with {Question} in it");
        }
    }
}
