using Bgpo.Objectives;

namespace Bgpo.Tests;

/// <summary>Group-normalised advantages.</summary>
public sealed class AdvantageTests
{
    [Fact]
    public void Advantages_HaveMeanZeroAndUnitSampleDeviation()
    {
        for (uint seed = 0; seed < 50; seed++)
        {
            double[] advantages = Advantage.OfGroup(Rewards(seed), divideByStd: true);
            Assert.Equal(0, advantages.Sum(), 1e-12);
            Assert.Equal(1, advantages.Sum(a => a * a) / (advantages.Length - 1), 1e-12);
        }
    }

    [Fact]
    public void WithoutDivision_AdvantagesAreDistancesFromTheMean() =>
        Assert.Equal([-0.5, 0.5, 0.25, -0.25], Advantage.OfGroup([0, 1, 0.75, 0.25], divideByStd: false));

    [Fact]
    public void ByTheFormula() =>
        Assert.Equal([-Math.Sqrt(0.5), Math.Sqrt(0.5)], Advantage.OfGroup([3, 5], divideByStd: true),
            (a, b) => Math.Abs(a - b) < 1e-15);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AGroupWithoutSpread_TeachesNothing(bool divide)
    {
        Assert.Equal([0, 0, 0, 0], Advantage.OfGroup([0.1, 0.1, 0.1, 0.1], divide));
        Assert.Equal([0, 0], Advantage.OfGroup([1, 1 + 1e-12], divide));
        Assert.Equal([0], Advantage.OfGroup([1], divide));
    }

    private static double[] Rewards(uint seed)
    {
        var stream = new Philox(3, Purpose.Other, seed);
        return [.. Enumerable.Range(0, 2 + stream.Below(0, 15)).Select(i => stream.Double(1 + (uint)i))];
    }
}
