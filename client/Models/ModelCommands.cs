using System.Diagnostics;
using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Silo.Devices;
using Bgpo.Spec;
using Bgpo.Tasks;
using Bgpo.Tasks.Data;

namespace Bgpo.Client.Models;

/// <summary>What the console does with models apart from runs, on this process's own device threads.</summary>
internal sealed class ModelCommands : IModelCommands
{
    /// <summary>Problems decoded together, as in a run's evaluation.</summary>
    private const int ProblemsPerUnit = 32;

    /// <inheritdoc/>
    public async Task<PretrainOutcome> Pretrain(
        PretrainRequest request, IProgress<PretrainProgress> progress, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        PretrainSpec spec = request.Spec;
        CharacterTokenizer tokenizer = Bad(() => new CharacterTokenizer(spec.Characters));
        await using ITask task = Bad(() => TaskRegistry.Create(spec.Task));
        TrainingExample ExampleOf(int step, int place, double noise)
        {
            Example example = task.TrainingExample((ulong)spec.Seed, step, place, noise);
            return new TrainingExample(
                tokenizer.EncodePrompt(example.Prompt.Text), tokenizer.EncodeResponse(example.Answer, spec.ResponseLength));
        }
        // A place that cannot be written is news for the start, not for the end.
        Bad(() => Directory.CreateDirectory(Beside(request.Output)));
        using var leftovers = new Leftovers(Beside(request.Output));
        using var device = new DeviceWorker("cpu:0");
        ModelFolder model = await device.Run(() => Bad(() => Pretraining.Train(
            spec, tokenizer, ExampleOf, step =>
                progress.Report(new PretrainProgress(
                    step.Phase, spec.Phases.Count, step.Step, spec.Phases[step.Phase - 1].Steps, step.Loss)),
            cancellationToken)));
        Bad(() =>
        {
            model.Save(Beside(request.Output));
            return Place(request.Output);
        });
        EvaluationSummary? evaluation = spec.EvaluationCount == 0 ? null
            : await Summarize(model, task, spec, DeviceSet.Cpu(request.Threads), cancellationToken);
        return new PretrainOutcome(
            model.Parameters.LongLength, WeightsHash.Of(model.Parameters), evaluation,
            Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    /// <inheritdoc/>
    public async Task<EvaluateOutcome> Evaluate(
        EvaluateRequest request, IProgress<ProblemsDone> progress, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        DeviceSet devices = request.Devices;
        using LoadedModel model = await ModelSource.Open(request.Model, cancellationToken, devices.Resolve()[0]);
        await using ITask task = Bad(() => TaskRegistry.Create(request.Task));
        Score[] scores = await Score(
            model, task, RewardLimits.Of(request.Task.Rewards), request.Count, Options(request.Rollout, request.Temperature),
            (ulong)request.Seed, devices, progress, cancellationToken);
        Score[] judged = Judged(scores);
        return new EvaluateOutcome(
            Mean(judged, score => score.Exact ? 1 : 0), Mean(judged, score => score.Reward), scores.Length,
            model.WeightsSha256, Stopwatch.GetElapsedTime(started).TotalSeconds)
        {
            Failed = scores.Length - judged.Length,
            FailedInfo = scores.FirstOrDefault(score => score.Outcome == Outcome.Failed).Info ?? "",
            MalformedShare = Mean(judged, score => score.Outcome == Outcome.Malformed ? 1 : 0),
            InFile = request.Task.EvaluationData.Length > 0 ? task.HeldOut(int.MaxValue).Count : null,
        };
    }

    /// <inheritdoc/>
    public Task<GenerateOutcome> Generate(
        GenerateRequest request, IProgress<GenerateProgress> progress, CancellationToken cancellationToken) =>
        Generation.Run(request, progress, cancellationToken);

    private static async Task<EvaluationSummary> Summarize(
        ModelFolder folder, ITask task, PretrainSpec spec, DeviceSet devices, CancellationToken cancellationToken)
    {
        using var model = LoadedModel.Of(folder);
        var rollout = new RolloutSection
        {
            ResponseLength = spec.ResponseLength,
            BlockLength = spec.ResponseLength,
            DenoisingSteps = spec.DenoisingSteps,
        };
        var silent = new Progress<ProblemsDone>();
        Task<Score[]> At(double temperature) => Score(
            model, task, RewardLimits.Of(spec.Task.Rewards), spec.EvaluationCount, Options(rollout, temperature),
            (ulong)spec.Seed, devices, silent, cancellationToken);
        Score[] greedy = await At(0);
        Score[] sampled = await At(1);
        Score[] judged = Judged(greedy), judgedSampled = Judged(sampled);
        return new EvaluationSummary(
            Mean(judged, score => score.Exact ? 1 : 0), Mean(judgedSampled, score => score.Exact ? 1 : 0),
            Mean(judged, score => score.Reward), greedy.Length)
        {
            MalformedShare = Mean(judged, score => score.Outcome == Outcome.Malformed ? 1 : 0),
            Failed = greedy.Length - judged.Length,
            FailedSampled = sampled.Length - judgedSampled.Length,
        };
    }

    private static Score[] Judged(Score[] scores) => [.. scores.Where(score => score.Outcome != Outcome.Failed)];

    /// <summary>The mean; NaN where nothing was judged.</summary>
    private static double Mean(Score[] judged, Func<Score, double> of) => judged.Length == 0 ? double.NaN : judged.Average(of);

    /// <summary>
    /// Answers held-out problems and judges the answers: on as many device threads as given, the same on any number.
    /// </summary>
    private static async Task<Score[]> Score(
        LoadedModel folder, ITask task, RewardLimits limits, int count, SamplerOptions options, ulong seed, DeviceSet devices,
        IProgress<ProblemsDone> progress, CancellationToken cancellationToken)
    {
        if (await task.CheckAsync(cancellationToken) is { } reason)
        {
            throw new BadInputException(reason);
        }
        IReadOnlyList<Prompt> problems = task.HeldOut(count);
        // The weights lie on one GPU.
        IReadOnlyList<string> places = devices.IsCuda ? [devices.Resolve()[0]] : devices.Resolve();
        using var scorer = new TaskScorer(task, limits, TimeProvider.System);
        var scores = new Score[problems.Count];
        (int[] Tokens, int Index)[][] units = Bad(() => problems
            .Select((prompt, index) => (Tokens: folder.Tokenizer.EncodePrompt(prompt.Text), Index: index))
            .GroupBy(problem => problem.Tokens.Length)
            .SelectMany(group => group.Chunk(ProblemsPerUnit))
            .ToArray());
        int next = -1;
        int done = 0;
        async Task Work(int device)
        {
            using var worker = new DeviceWorker($"{devices.Kind}:{device}");
            Transformer network = await worker.Run(() => Bad(() => folder.NewNetwork(places[device])));
            try
            {
                for (int u = Interlocked.Increment(ref next); u < units.Length; u = Interlocked.Increment(ref next))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    (int[] Tokens, int Index)[] unit = units[u];
                    int[][] answers = await worker.Run(() => Bad(() => Sampler.Sample(
                        network, [.. unit.Select(problem => problem.Tokens)], options,
                        (b, step) => new Philox(seed, Purpose.Evaluation, 0, (uint)unit[b].Index, (uint)step),
                        folder.Tokenizer.EndTokens)));
                    await Task.WhenAll(unit.Select(async (problem, i) => scores[problem.Index] = await scorer.ScoreAsync(
                        problems[problem.Index], folder.Tokenizer.Decode(answers[i]), cancellationToken)));
                    progress.Report(new ProblemsDone(Interlocked.Add(ref done, unit.Length), problems.Count));
                }
            }
            finally
            {
                await worker.Run(() => Dispose(network));
            }
        }
        await Task.WhenAll(Enumerable.Range(0, Math.Max(1, Math.Min(places.Count, units.Length))).Select(Work));
        return scores;
    }

    private static bool Dispose(Transformer network)
    {
        network.Dispose();
        return true;
    }

    internal static SamplerOptions Options(RolloutSection rollout, double temperature) =>
        SamplerOptions.Of(rollout, rollout.DenoisingSteps, temperature);

    /// <summary>Where a model is written before it takes its place whole.</summary>
    private static string Beside(string output) =>
        output.TrimEnd(Path.DirectorySeparatorChar) + $".{Environment.ProcessId}.partial";

    /// <summary>Deletes what was written beside the output and did not take its place.</summary>
    private sealed class Leftovers(string folder) : IDisposable
    {
        public void Dispose()
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>Moves what was written beside the output to its place; an older model there stays whole until then.</summary>
    private static bool Place(string output)
    {
        string former = output.TrimEnd(Path.DirectorySeparatorChar) + $".{Environment.ProcessId}.former";
        if (Directory.Exists(output))
        {
            Directory.Move(output, former);
        }
        Directory.Move(Beside(output), output);
        if (Directory.Exists(former))
        {
            Directory.Delete(former, recursive: true);
        }
        return true;
    }

    /// <summary>Turns what is wrong with the caller's input into one line.</summary>
    internal static T Bad<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is ModelException or TaskDataException or SpecException or ArgumentException
            or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(e.Message, e);
        }
    }
}
