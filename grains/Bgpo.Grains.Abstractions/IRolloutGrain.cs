namespace Bgpo.Grains;

/// <summary>Samples completions on one silo's devices; key = <see cref="SiloKey"/>. Pinned to that silo, holds nothing.</summary>
public interface IRolloutGrain : IGrainWithStringKey
{
    /// <summary>Samples completions with the weights of a version.</summary>
    /// <param name="request">What to sample.</param>
    /// <param name="cancellationToken">Gives the work up.</param>
    [ResponseTimeout("00:15:00")]
    Task<RolloutResult> Sample(RolloutRequest request, CancellationToken cancellationToken = default);
}

/// <summary>Work for a rollout grain: one prompt's group, or some held-out prompts.</summary>
/// <param name="History">History that the version is of.</param>
/// <param name="Version">Weights to sample with.</param>
/// <param name="Purpose">Which noise: of rollouts or of evaluations.</param>
/// <param name="Step">First index of the noise streams.</param>
/// <param name="Items">Noise item of each completion to sample, see <see cref="Philox.Item"/>.</param>
/// <param name="Prompts">Prompt text of each completion to sample.</param>
/// <param name="Temperature">Gumbel temperature.</param>
/// <param name="DenoisingSteps">Forward passes for the whole response.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RolloutRequest")]
public sealed record RolloutRequest(
    [property: Id(0)] long History, [property: Id(1)] int Version, [property: Id(2)] Purpose Purpose, [property: Id(3)] int Step,
    [property: Id(4)] uint[] Items, [property: Id(5)] string[] Prompts, [property: Id(6)] double Temperature,
    [property: Id(7)] int DenoisingSteps);

/// <summary>What was sampled.</summary>
/// <param name="PromptTokens">Tokens of each prompt.</param>
/// <param name="Completions">L tokens of each completion.</param>
/// <param name="Texts">Each completion's text up to its end of sequence.</param>
/// <param name="DeviceSeconds">Time on the device.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RolloutResult")]
public sealed record RolloutResult(
    [property: Id(0)] int[][] PromptTokens, [property: Id(1)] int[][] Completions, [property: Id(2)] string[] Texts,
    [property: Id(3)] double DeviceSeconds)
{
    /// <summary>The denoising step in which each token was set, -1 where none was; empty where it is not recorded.</summary>
    [Id(4)] public int[][] SetIn { get; init; } = [];

    /// <summary>What each token was chosen by, in thousandths; empty where it is not recorded.</summary>
    [Id(5)] public int[][] Confidences { get; init; } = [];
}
