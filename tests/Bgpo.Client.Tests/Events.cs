using Bgpo.Grains;

namespace Bgpo.Client.Tests;

/// <summary>Events of a small run.</summary>
internal static class Events
{
    internal static readonly RunStarted Started =
        new(1, "sudoku-1", 0, 120, 216_512, 1, 1, "sudoku4x4", "/s/runs/sudoku-1", "libtorch 1.13");

    internal static readonly Progressed Rollout = new(2, 47, RunPhase.Rollout, 12, 16, 4, 2);

    internal static readonly Evaluated Before = new(3, 0, new EvaluationSummary(0.301, 0.051, 0.61, 256), true);

    internal static readonly Evaluated Between = new(4, 40, new EvaluationSummary(0.742, 0.262, 0.853, 64), false);

    internal static readonly CheckpointSaved Checkpoint = new(5, 40, "/s/runs/sudoku-1/checkpoints/00000040.json", 0.031);

    internal static readonly RunCompleted Completed = new(
        900, "sudoku-1", 120, "0123abcd", new EvaluationSummary(0.30, 0.05, 0.61, 256),
        new EvaluationSummary(0.836, 0.82, 0.912, 256), 93.1,
        "/s/runs/sudoku-1/checkpoints/00000120.json");

    internal static readonly RunStopped Stopped =
        new(900, "sudoku-1", 48, "interrupted", "0123abcd", "/s/runs/sudoku-1/checkpoints/00000048.json");

    internal static StepCommitted Step(int version, double reward = 0.5, double solved = 0.25) =>
        new(10 + version, new StepMetrics
        {
            Version = version,
            MeanReward = reward,
            SolveRate = solved,
            ActiveGroups = 12,
            Groups = 16,
            Samples = 512,
            Units = 16,
            GradientNorm = 0.434,
            LearningRate = 3.2e-4,
            Objective = 0.01,
            Elbo = -12.345,
            RolloutSeconds = 0.46,
            GradientSeconds = 0.31,
            CommitSeconds = 0.02,
            Seconds = 0.8,
            Tokens = 2048,
            RssMiB = 512.4,
        });
}
