namespace Bgpo.Spec;

/// <summary>
/// Everything that decides what <c>bgpo pretrain</c> makes: a small base model, trained by masked-diffusion SFT.
/// </summary>
public sealed record PretrainSpec : IRuled
{
    /// <summary>Seed of initialisation, data, masks and noise.</summary>
    [Range(0, long.MaxValue)]
    public long Seed { get; init; } = 1;

    /// <summary>Shape of the network.</summary>
    public NetworkSection Network { get; init; } = new();

    /// <summary>The characters that the model reads and writes, a token each.</summary>
    [Pattern(".+", "text: each character once")]
    public string Characters { get; init; } = "0123456789+-*/()=, ";

    /// <summary>Where examples come from.</summary>
    public TaskSection Task { get; init; } = new();

    /// <summary>Response tokens, end-of-sequence padding included.</summary>
    [Range(1, 8192)]
    public int ResponseLength { get; init; } = 16;

    /// <summary>Phases, run one after the other with fresh optimizer moments.</summary>
    [Required]
    public IReadOnlyList<PretrainPhase> Phases { get; init; } = [];

    /// <summary>Held-out prompts to evaluate at the end.</summary>
    [Range(0, 100_000)]
    public int EvaluationCount { get; init; } = 256;

    /// <summary>Denoising steps in that evaluation.</summary>
    [Range(1, 8192)]
    public int DenoisingSteps { get; init; } = 8;

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (ResponseLength >= Network.MaxSequenceLength)
        {
            yield return new(
                ["responseLength", "network.maxSequenceLength"],
                $"less than network.maxSequenceLength ({Network.MaxSequenceLength}), which holds prompt and response");
        }

        if (DenoisingSteps > ResponseLength)
        {
            yield return new(["denoisingSteps", "responseLength"],
                $"at most responseLength ({ResponseLength}): each step decodes a token or more");
        }
    }
}

/// <summary>Shape of a small LLaDA-like network.</summary>
public sealed record NetworkSection : IRuled
{
    /// <summary>Width.</summary>
    [Range(8, 16_384)]
    public int ModelWidth { get; init; } = 64;

    /// <summary>Transformer blocks.</summary>
    [Range(1, 256)]
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads; divides the width into even head widths.</summary>
    [Range(1, 256)]
    public int Heads { get; init; } = 4;

    /// <summary>Width inside the MLP.</summary>
    [Range(8, 65_536)]
    public int HiddenWidth { get; init; } = 192;

    /// <summary>Longest sequence, prompt and response together.</summary>
    [Range(8, 65_536)]
    public int MaxSequenceLength { get; init; } = 256;

    /// <summary>Base of the rotary frequencies.</summary>
    [Range(100.0, 1e9)]
    public double RopeTheta { get; init; } = 10_000;

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (ModelWidth % Heads != 0 || ModelWidth / Heads % 2 != 0)
        {
            yield return new(["heads", "modelWidth"], $"must divide modelWidth ({ModelWidth}) into heads of an even width");
        }
    }
}

/// <summary>One phase of pretraining.</summary>
public sealed record PretrainPhase
{
    /// <summary>Optimizer steps.</summary>
    [Range(1, 1_000_000)]
    public int Steps { get; init; } = 100;

    /// <summary>Examples per step.</summary>
    [Range(1, 65_536)]
    public int Batch { get; init; } = 64;

    /// <summary>
    /// Probability that a part of the answer which the prompt does not give is redrawn at random: keeps the base uncertain.
    /// </summary>
    [Range(0.0, 1.0)]
    public double AnswerNoise { get; init; }

    /// <summary>AdamW and its schedule in this phase.</summary>
    public OptimizerSection Optimizer { get; init; } = new();
}
