using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Grains.Tests;

/// <summary>What steps measure that shows that nothing, or nothing good, is learned.</summary>
public sealed class LearningMonitorTests
{
    private static readonly StepMetrics s_good = new()
    {
        ActiveGroups = 12,
        Groups = 16,
        MeanReward = 0.4,
        RewardRange = 1,
        SolveRate = 0.2,
        DistinctShare = 0.9,
        GradientNorm = 0.5,
        Units = 16,
    };

    private readonly EventLog _events = new(TimeProvider.System);
    private readonly LearningMonitor _monitor;
    private int _version;

    public LearningMonitorTests()
    {
        var spec = new RunSpec { Rollout = new RolloutSection { ResponseLength = 32, BlockLength = 32 } };
        var tokenizer = new CharacterTokenizer("0123456789");
        var run = new RunContext(
            "a", spec, TaskRegistry.Create(spec.Task), Pretraining.ConfigOf(new NetworkSection(), tokenizer), tokenizer, 1);
        _monitor = new LearningMonitor(run, new RunSettings(spec), _events);
    }

    public static TheoryData<LearningConcern, string, StepMetrics> Bad => new()
    {
        { LearningConcern.NoSpread, "base model",
            s_good with { ActiveGroups = 0, RewardRange = 0, MeanReward = 0, SolveRate = 0 } },
        { LearningConcern.NoSpread, "too easy",
            s_good with { ActiveGroups = 0, RewardRange = 0, MeanReward = 1, SolveRate = 1 } },
        { LearningConcern.NoSpread, "rollout.temperature", s_good with { ActiveGroups = 0, DistinctShare = 0.125 } },
        { LearningConcern.NoSpread, "responseLength", s_good with { ActiveGroups = 0, SolveRate = 0, UnendedShare = 1 } },
        { LearningConcern.NoGradient, "norm is 0", s_good with { GradientNorm = 0 } },
        { LearningConcern.Truncated, "cut off", s_good with { UnendedShare = 1, SolveRate = 0 } },
        { LearningConcern.Collapsed, "collapsed", s_good with { DistinctShare = 0.13 } },
        { LearningConcern.HalvedUnits, "5 of 16", s_good with { HalvedUnits = 5 } },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task WhatThreeStepsOnEndShow_IsToldOnce_AndThatItIsOver(LearningConcern concern, string why, StepMetrics bad)
    {
        Take(s_good, bad, bad, s_good, bad, bad);
        Assert.Empty(await Told());
        Take(bad, bad, bad, s_good);
        LearningWarned[] told = await Told();
        Assert.Equal([(concern, 7, false), (concern, 10, true)], told.Select(one => (one.Concern, one.Version, one.IsOver)));
        Assert.Contains(why, told[0].Message, StringComparison.Ordinal);
        Assert.EndsWith("(versions 5 to 10)", Assert.Single(_monitor.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANormThatClimbs_IsTold()
    {
        Take([.. Enumerable.Repeat(s_good, 8), .. Enumerable.Repeat(s_good with { GradientNorm = 2 }, 12)]);
        Assert.Empty(await Told());
        Take([.. Enumerable.Repeat(s_good with { GradientNorm = 30 }, 8)]);
        Assert.Equal(LearningConcern.GrowingGradient, Assert.Single(await Told()).Concern);
    }

    private void Take(params StepMetrics[] steps)
    {
        foreach (StepMetrics step in steps)
        {
            _monitor.CheckStep(step with { Version = ++_version });
        }
    }

    private async Task<LearningWarned[]> Told()
    {
        _events.Close();
        List<LearningWarned> told = [];
        await foreach (RunEvent happened in _events.Read(0, CancellationToken.None))
        {
            told.Add(Assert.IsType<LearningWarned>(happened));
        }
        return [.. told];
    }
}
