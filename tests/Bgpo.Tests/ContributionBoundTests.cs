using Bgpo.ExactSums;
using Bgpo.Units;

namespace Bgpo.Tests;

/// <summary>Contributions beyond what the exact sum takes: halved until they fit, and nothing else is touched.</summary>
public sealed class ContributionBoundTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(40)]
    public void AContributionThatIsTooLarge_IsHalvedUntilItFits_WhereverItsLargestValueIs(int length)
    {
        for (int at = 0; at < length; at++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(i => i % 2 == 0 ? -i - 0.1f : i / 3f)];
            values[at] = -4.85e8f;
            float[] given = [.. values];
            int halvings = ContributionBound.Fit(values);
            Assert.Equal(7, halvings);
            Assert.Equal(given.Select(value => value / 128), values);
            Assert.InRange(MathF.Abs(values[at]), (1 << 21) + 1, 1 << 22);
        }
    }

    [Fact]
    public void AContributionThatFits_IsLeftAsItIs()
    {
        float[] values = [1 << 22, -(1 << 22), float.Epsilon, -0f, 1e-30f, 3, 4, 5, 6, 7, 8];
        float[] given = [.. values];
        Assert.Equal(0, ContributionBound.Fit(values));
        Assert.Equal(given.Select(BitConverter.SingleToInt32Bits), values.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(0, ContributionBound.Fit([]));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void AContributionThatIsNoNumber_IsLeftForTheSumToRefuse(float bad)
    {
        float[] values = [1e9f, 2, 3, 4, 5, 6, 7, 8, bad];
        Assert.Equal(0, ContributionBound.Fit(values));
        ContributionException refused = Assert.Throws<ContributionException>(() =>
            new ExactSum(9).Add(values, new UnitId(1, 2, 3)));
        Assert.Contains("run set",
            Assert.Throws<ContributionException>(() => new ExactSum(1).Add([bad], new UnitId(1, 2, 3))).Message,
                StringComparison.Ordinal);
        Assert.Contains("unit 1/2/3", refused.Message, StringComparison.Ordinal);
    }
}
