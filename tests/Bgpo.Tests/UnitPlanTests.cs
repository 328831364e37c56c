using Bgpo.Spec;
using Bgpo.Units;

namespace Bgpo.Tests;

/// <summary>How batches, steps and units fit together: nothing lost, nothing twice, and all of it from the spec.</summary>
public sealed class UnitPlanTests
{
    [Fact]
    public void EverySampleOfAGroup_IsInExactlyOneUnit()
    {
        foreach (int completions in new[] { 2, 3, 8, 16 })
        {
            foreach (int samples in new[] { 1, 2, 5, 16 })
            {
                foreach (int size in new[] { 1, 2, 7, 32, 1000 })
                {
                    var plan = new UnitPlan(Spec(completions, samples, size));
                    UnitId[] units = [.. plan.UnitsOf(4, 9)];
                    SampleId[][] cut = [.. units.Select(unit => plan.SamplesOf(unit.Block).ToArray())];

                    Assert.Equal(Enumerable.Range(0, plan.BlocksPerGroup).Select(b => new UnitId(4, 9, b)), units);
                    Assert.All(cut[..^1], unit => Assert.Equal(size, unit.Length));
                    Assert.InRange(cut[^1].Length, 1, size);
                    // Ordered by j first: the first completions * n samples are the first n of every completion.
                    Assert.Equal(
                        from j in Enumerable.Range(0, samples)
                        from c in Enumerable.Range(
                            0, completions)
                        select new SampleId(c, j),
                        cut.SelectMany(unit => unit));
                }
            }
        }
    }

    [Fact]
    public void AUnitsSamples_DoNotDependOnPromptsSeedOrStep()
    {
        RunSpec spec = Spec(8, 4, 5);
        var plan = new UnitPlan(spec);
        var other = new UnitPlan(spec with
        {
            Run = new RunSection { Seed = 99, Steps = 3 },
            Rollout = spec.Rollout with { Prompts = 64 },
            Units = spec.Units with { Microbatch = 1 },
        });
        Assert.Equal(plan.BlocksPerGroup, other.BlocksPerGroup);
        for (int block = plan.BlocksPerGroup - 1; block >= 0; block--)
        {
            Assert.Equal(plan.SamplesOf(block), other.SamplesOf(block));
        }
        Assert.Equal(plan.UnitsOf(0, 2).Select(unit => unit.Block), plan.UnitsOf(17, 5).Select(unit => unit.Block));
    }

    [Theory]
    [InlineData(1, 1, new[] { 0, 1, 2, 3 }, new[] { 0, 0, 0, 0 })]
    [InlineData(2, 1, new[] { 0, 0, 2, 2 }, new[] { 0, 4, 0, 4 })]
    [InlineData(1, 3, new[] { 0, 0, 0, 3, 3 }, new[] { 0, 0, 0, 0, 0 })]
    [InlineData(2, 2, new[] { 0, 0, 0, 0, 4, 4 }, new[] { 0, 4, 0, 4, 0, 4 })]
    [InlineData(8, 1, new[] { 0, 0, 0, 0, 0, 0, 0, 0, 8 }, new[] { 0, 1, 2, 3, 4, 5, 6, 7, 0 })]
    public void Steps_TakeTheirGroupsFromTheirBatch(int minibatches, int epochs, int[] batch, int[] first)
    {
        var plan = new UnitPlan(Spec(4, 2, 3, minibatches, epochs));
        Assert.Equal(minibatches * epochs, plan.UpdatesPerBatch);
        Assert.Equal(8 / minibatches, plan.GroupsPerUpdate);
        Assert.Equal(4 * 8 / minibatches, plan.CompletionsPerUpdate);
        Assert.Equal(batch, Enumerable.Range(0, batch.Length).Select(plan.BatchStep));
        Assert.Equal(first, Enumerable.Range(0, first.Length).Select(plan.FirstGroup));
        Assert.Equal(batch.Select((start, step) => start == step), Enumerable.Range(0, batch.Length).Select(plan.IsOnPolicy));
    }

    [Fact]
    public void ABatch_IsGoneThroughOncePerEpoch()
    {
        var plan = new UnitPlan(Spec(4, 2, 3, minibatches: 4, epochs: 3));
        var uses = new int[8];
        for (int step = 12; step < 24; step++)
        {
            Assert.Equal(12, plan.BatchStep(step));
            for (int g = 0; g < plan.GroupsPerUpdate; g++)
            {
                uses[plan.FirstGroup(step) + g]++;
            }
        }
        Assert.All(uses, used => Assert.Equal(3, used));
    }

    [Fact]
    public void AUnit_IsNamedByStepGroupAndBlock() => Assert.Equal("7/3/1", new UnitId(7, 3, 1).ToString());

    private static RunSpec Spec(int completions, int samples, int unit, int minibatches = 1, int epochs = 1) => new()
    {
        Rollout = new RolloutSection { Prompts = 8, Completions = completions },
        Objective = new ObjectiveSection { Samples = samples, Minibatches = minibatches, Epochs = epochs },
        Units = new UnitSection { Samples = unit },
    };
}
