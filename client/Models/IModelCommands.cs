using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;

namespace Bgpo.Client.Models;

/// <summary>
/// What the console does with models apart from runs. Anything wrong with the caller's input (a model folder, a data file,
/// an output folder) is a <see cref="BadInputException"/> whose message is one line.
/// </summary>
internal interface IModelCommands
{
    /// <summary>Makes a base model and writes its folder whole or not at all.</summary>
    Task<PretrainOutcome> Pretrain(
        PretrainRequest request, IProgress<PretrainProgress> progress, CancellationToken cancellationToken);

    /// <summary>Evaluates a model on held-out problems.</summary>
    Task<EvaluateOutcome> Evaluate(
        EvaluateRequest request, IProgress<ProblemsDone> progress, CancellationToken cancellationToken);

    /// <summary>Completes one prompt, or answers in a conversation.</summary>
    Task<GenerateOutcome> Generate(
        GenerateRequest request, IProgress<GenerateProgress> progress, CancellationToken cancellationToken);
}

/// <summary>What to pretrain.</summary>
/// <param name="Spec">The spec, its paths full.</param>
/// <param name="Output">Folder to make, full path.</param>
/// <param name="Threads">CPU threads that may be used.</param>
internal sealed record PretrainRequest(PretrainSpec Spec, string Output, int Threads);

/// <summary>A step of pretraining.</summary>
/// <param name="Phase">Phase, from 1.</param>
/// <param name="Phases">Phases in all.</param>
/// <param name="Step">Step of the phase, from 1.</param>
/// <param name="Steps">Steps of the phase.</param>
/// <param name="Loss">Mean masked-diffusion loss of the batch, nats per response token.</param>
internal sealed record PretrainProgress(int Phase, int Phases, int Step, int Steps, double Loss);

/// <summary>What pretraining made.</summary>
/// <param name="Parameters">Parameters.</param>
/// <param name="WeightsSha256">The weights' hash, lower-case hex.</param>
/// <param name="Evaluation">Held-out evaluation at the end; null when the spec asks for none.</param>
/// <param name="Seconds">Time it took.</param>
internal sealed record PretrainOutcome(long Parameters, string WeightsSha256, EvaluationSummary? Evaluation, double Seconds);

/// <summary>What to evaluate.</summary>
/// <param name="Model">Model folder or checkpoint, full path; it exists.</param>
/// <param name="Task">The task, its data's path full.</param>
/// <param name="Rollout">How responses are decoded; its temperature and counts do not matter.</param>
/// <param name="Count">Problems; fewer when the data file holds fewer.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="Seed">Seed of the sampling noise.</param>
/// <param name="Devices">What to compute on; of several GPUs the first.</param>
internal sealed record EvaluateRequest(
    string Model, TaskSection Task, RolloutSection Rollout, int Count, double Temperature, long Seed, DeviceSet Devices);

/// <summary>How far an evaluation has come.</summary>
/// <param name="Done">Problems answered.</param>
/// <param name="Total">Problems in all.</param>
internal sealed record ProblemsDone(int Done, int Total);

/// <summary>An evaluation's result.</summary>
/// <param name="Exact">Share of problems solved outright.</param>
/// <param name="MeanReward">Mean reward.</param>
/// <param name="Count">Problems.</param>
/// <param name="WeightsSha256">The weights' hash, lower-case hex.</param>
/// <param name="Seconds">Time it took.</param>
internal sealed record EvaluateOutcome(double Exact, double MeanReward, int Count, string WeightsSha256, double Seconds)
{
    /// <summary>Answers that the grader could not judge; they are in no mean.</summary>
    internal int Failed { get; init; }

    /// <summary>What it said of the first of them.</summary>
    internal string FailedInfo { get; init; } = "";

    /// <summary>Share of the judged answers that are not of the form that is asked for.</summary>
    internal double MalformedShare { get; init; }

    /// <summary>Problems of the data file; null where there is none.</summary>
    internal int? InFile { get; init; }
}

/// <summary>What to complete.</summary>
/// <param name="Model">Model folder or checkpoint, full path; it exists.</param>
/// <param name="Prompt">The prompt's text.</param>
/// <param name="Rollout">Response length, block length and denoising steps.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="Seed">Seed of the sampling noise.</param>
/// <param name="Devices">What to compute on; of several GPUs the first.</param>
internal sealed record GenerateRequest(
    string Model, string Prompt, RolloutSection Rollout, double Temperature, long Seed, DeviceSet Devices)
{
    /// <summary>The conversation to answer; null: the prompt is completed.</summary>
    internal ChatRequest? Chat { get; init; }

    /// <summary>Lengths that were asked for; where null, the rollout's, or those of a conversation.</summary>
    internal (int? Length, int? Block, int? Steps) Given { get; init; }

    /// <summary>Which tokens of a step stay; null: the rollout's.</summary>
    internal Remasking? Remasking { get; init; }

    /// <summary>File to write each token that is set to, full path; null: none.</summary>
    internal string? Trace { get; init; }
}

/// <summary>A conversation.</summary>
/// <param name="Messages">Its messages.</param>
/// <param name="Template">Name of the chat template; null: the family's.</param>
internal sealed record ChatRequest(IReadOnlyList<ChatMessage> Messages, string? Template);

/// <summary>How far a completion has come.</summary>
/// <param name="Step">Denoising steps taken.</param>
/// <param name="Text">The response so far; places that are not filled yet are left out.</param>
internal sealed record GenerateProgress(int Step, string Text);

/// <summary>A completion.</summary>
/// <param name="Text">Its text up to the first end-of-sequence token.</param>
/// <param name="Tokens">Tokens decoded.</param>
/// <param name="Seconds">Time it took, loading apart.</param>
internal sealed record GenerateOutcome(string Text, int Tokens, double Seconds);
