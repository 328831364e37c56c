namespace Bgpo.Grains.Tests;

/// <summary>
/// Runs that learn nothing, and say so: at the start where the spec tells, after a few steps where only they tell, and at the
/// end.
/// </summary>
public sealed class LearningTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData("rollout.temperature=0", LearningConcern.GreedyRollouts, LearningConcern.NoSpread)]
    [InlineData("rollout.responseLength=8,rollout.blockLength=8", LearningConcern.AnswersTooLong, LearningConcern.NoSpread)]
    [InlineData("optimizer.learningRate=0", LearningConcern.LearningRate, null)]
    [InlineData("optimizer.warmupSteps=100", LearningConcern.LearningRate, null)]
    public async Task ARunThatCannotLearn_SaysWhy_BeforeItsFirstStep(string fields, LearningConcern atStart,
        LearningConcern? later)
    {
        List<RunEvent> events = await _runs.Events("a", 2, grain => grain.Start(SmallRuns.Spec(fields.Split(','))));
        RunEvent[] order = [.. events.Where(happened => happened is LearningWarned or StepCommitted)];
        LearningWarned first = Assert.IsType<LearningWarned>(order[0]);
        Assert.Equal((atStart, false), (first.Concern, first.IsOver));
        Assert.Contains(fields.Split('=')[0], first.Message, StringComparison.Ordinal);

        LearningWarned[] during = [.. order.OfType<LearningWarned>().Skip(1)];
        Assert.Equal(later is null ? [] : [later.Value], during.Select(warned => warned.Concern));
        Assert.All(during, warned => Assert.Equal(3, warned.Version));
        string[] warnings = events.OfType<RunCompleted>().Single().Warnings;
        Assert.Equal(later is null ? 1 : 2, warnings.Length);
        Assert.Contains("from version", warnings[^1], StringComparison.Ordinal);

        // What it came to is told again later on, with that.
        List<RunEvent> again = await _runs.Events("a", 1, grain => grain.Resume());
        Assert.Equal(warnings, again.OfType<RunCompleted>().Single().Warnings);
    }

    [Fact]
    public async Task ARunThatLearns_WarnsOfNothing()
    {
        List<RunEvent> events = await _runs.Events("a", 2, grain => grain.Start(SmallRuns.Spec()));
        Assert.Empty(events.OfType<LearningWarned>());
        Assert.Empty(events.OfType<RunCompleted>().Single().Warnings);
    }

    [Fact]
    public async Task AnOffPolicySpec_WhoseRatiosMayBeBeyondTheSum_SaysByHowMuch()
    {
        List<RunEvent> events = await _runs.Events("a", 2, grain => grain.Start(SmallRuns.Spec("objective.epochs=2")));
        LearningWarned warned = events.OfType<LearningWarned>().First();
        Assert.Equal(LearningConcern.LargeRatios, warned.Concern);
        Assert.Contains("objective.maxLogRatio 20", warned.Message, StringComparison.Ordinal);
    }
}
