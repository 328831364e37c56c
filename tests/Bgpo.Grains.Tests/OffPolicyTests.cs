using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>
/// Off-policy runs whose exp(d) grows beyond what the exact sum takes: they go on, and end in the same weights.
/// </summary>
public sealed class OffPolicyTests : IDisposable
{
    private static readonly string[] s_wild =
    [
        "run.seed=6", "objective.minibatches=2", "objective.epochs=2", "objective.samples=4", "objective.masking=bernoulli",
            "rollout.prompts=8",
        "optimizer.learningRate=0.02", "optimizer.clipNorm=0", "optimizer.weightDecay=0",
    ];

    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task AUnitBeyondTheSumsLimit_IsHalved_Counted_AndTheSameOnAnyNumberOfDevices()
    {
        List<RunEvent> one = await _runs.Events("a", 1, grain => grain.Start(SmallRuns.Spec(s_wild)));
        StepMetrics[] steps = [.. one.OfType<StepCommitted>().Select(step => step.Metrics)];
        Assert.Equal(6, steps.Length);
        Assert.Contains(steps, step => step.HalvedUnits > 0);
        Assert.All(steps, step => Assert.InRange(step.HalvedUnits, 0, step.Units));
        Assert.All(steps.Where(step => step.Version is 1 or 5), static step => Assert.Equal(0, step.HalvedUnits)); // on-policy
        RunCompleted three = await _runs.Complete("b", 3, s_wild);
        Assert.Equal(one.OfType<RunCompleted>().Single().WeightsSha256, three.WeightsSha256);
    }

    [Fact]
    public async Task TheBoundOnTheRatio_CanBeChangedInMidRun()
    {
        List<RunEvent> events = await _runs.Events("a", 2, grain => grain.Start(SmallRuns.Spec(s_wild)), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 1 })
            {
                await _runs.Store("a").AskAsync(RequestKind.Set, "", ["objective.maxLogRatio=1"]);
                await grain.CheckRequests();
            }
        });
        int from = events.OfType<SpecChanged>().Single().FromStep;
        Assert.All(
            events.OfType<StepCommitted>().Select(step => step.Metrics).Where(step => step.Version > from), step =>
                Assert.Equal(0, step.HalvedUnits));
        string changed = events.OfType<RunCompleted>().Single().WeightsSha256;
        // By the record alone: every step taken again.
        _runs.Forget("a");
        Assert.Equal(changed, (await _runs.Resume("a")).WeightsSha256);
    }
}
