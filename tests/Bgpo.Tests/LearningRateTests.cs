using Bgpo.Optimizer;
using Bgpo.Spec;

namespace Bgpo.Tests;

/// <summary>The learning rate's schedules, by table.</summary>
public sealed class LearningRateTests
{
    [Theory]
    [InlineData(Schedule.Constant, 0, new[] { 1.0, 1.0, 1.0, 1.0, 1.0, 1.0 })]
    [InlineData(Schedule.Constant, 2, new[] { 0.5, 1.0, 1.0, 1.0, 1.0, 1.0 })]
    [InlineData(Schedule.Linear, 0, new[] { 1.0, 5.0 / 6, 4.0 / 6, 3.0 / 6, 2.0 / 6, 1.0 / 6 })]
    [InlineData(Schedule.Linear, 2, new[] { 0.5, 1.0, 1.0, 0.75, 0.5, 0.25 })]
    [InlineData(Schedule.Cosine, 2, new[] { 0.5, 1.0, 1.0, 0.853553390593, 0.5, 0.146446609407 })]
    [InlineData(Schedule.Linear, 6, new[] { 1 / 6.0, 2 / 6.0, 0.5, 4 / 6.0, 5 / 6.0, 1.0 })]
    public void TheRateOfEveryStep_FollowsTheTable(Schedule schedule, int warmup, double[] expected)
    {
        var optimizer = new OptimizerSection { LearningRate = 0.02, Schedule = schedule, WarmupSteps = warmup };
        for (int step = 0; step < expected.Length; step++)
        {
            Assert.Equal(0.02 * expected[step], LearningRate.At(optimizer, step, expected.Length), 1e-12);
        }
    }
}
