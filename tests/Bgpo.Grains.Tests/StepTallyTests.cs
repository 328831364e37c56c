using System.Text.Json;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>What a step's metrics say of rewards.</summary>
public sealed class StepTallyTests
{
    [Fact]
    public void WhatTheGraderFailed_IsInNoMean_AndIsCounted()
    {
        StepMetrics metrics = new StepTally().Metrics(
            5,
            [
                Group([1, 0.5], Outcome.Scored, Outcome.Malformed),
                Group([0, 0], Outcome.Scored, Outcome.Failed),
            ], 4, 0);
        Assert.Equal(0.5, metrics.MeanReward);
        Assert.Equal(1 / 3.0, metrics.SolveRate);
        Assert.Equal(1 / 3.0, metrics.MalformedShare);
        Assert.Equal((1, 1, 2), (metrics.RewardsFailed, metrics.LeftOutGroups, metrics.Groups));
        Assert.Equal(1, metrics.RewardRange);
    }

    [Fact]
    public void ABatchThatNobodyJudged_HasNoMeanReward_AndCanBeWrittenDown()
    {
        StepMetrics metrics = new StepTally().Metrics(5, [Group([0, 0], Outcome.Failed, Outcome.Failed)], 2, 0);
        Assert.True(double.IsNaN(metrics.MeanReward) && double.IsNaN(metrics.SolveRate));
        StepMetrics back = JsonSerializer.Deserialize<StepMetrics>(JsonSerializer.Serialize(metrics))!;
        Assert.Equal((double.NaN, 2), (back.MeanReward, back.RewardsFailed));
    }

    [Fact]
    public void TasksOfAMixture_HaveTheirOwnMeans_AndOtherRunsHaveNone()
    {
        JournalGroup[] groups =
        [
            Group([1, 0.5], Outcome.Scored, Outcome.Scored) with { Task = "b" },
            Group([0, 0], Outcome.Malformed, Outcome.Scored) with { Task = "a" },
            Group([1, 0], Outcome.Scored, Outcome.Failed) with { Task = "b" },
        ];
        StepMetrics metrics = new StepTally().Metrics(5, groups, 6, 0);
        Assert.Equal([new TaskMetrics("a", 1, 0, 0, 0.5), new TaskMetrics("b", 2, 2.5 / 3, 2 / 3.0, 0)], metrics.Tasks!);
        Assert.Null(new StepTally().Metrics(5, [Group([1, 0], Outcome.Scored, Outcome.Scored)], 2, 0).Tasks);
    }

    private static JournalGroup Group(double[] rewards, params Outcome[] outcomes) => new()
    {
        PromptId = "p",
        Prompt = "1+1",
        PromptTokens = [1],
        Completions = [.. rewards.Select((_, i) => new JournalCompletion([i], $"{i}"))],
        Rewards = rewards,
        Exact = [.. rewards.Select(reward => reward == 1)],
        Outcomes = outcomes,
        Advantages = new double[rewards.Length],
    };
}
