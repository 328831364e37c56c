using Bgpo.Client.Watching;

namespace Bgpo.Client.Tests;

public class SparklineTests
{
    [Fact]
    public void Values_RunFromTheirSmallestToTheirLargest() => Assert.Equal("▁▅█▁", Sparkline.Of([1, 2, 2.75, 1], 10));

    [Fact]
    public void EqualValues_AreALevelLine() => Assert.Equal("▅▅▅", Sparkline.Of([0.3, 0.3, 0.3], 10));

    [Fact]
    public void MoreValuesThanColumns_AreAveraged() => Assert.Equal("▁█", Sparkline.Of([0, 2, 0, 0, 5, 5, 9, 5], 2));

    [Fact]
    public void WhatIsNotFinite_LeavesAGap() => Assert.Equal("▁ █", Sparkline.Of([1, double.NaN, 2], 3));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void NoRoom_DrawsNothing(int width) => Assert.Equal("", Sparkline.Of([1, 2], width));

    [Theory]
    [InlineData(0.5, "━━──")]
    [InlineData(7, "━━━━")]
    [InlineData(double.NaN, "────")]
    public void Bar_KeepsItsWidth(double share, string expected)
    {
        var (full, empty) = Sparkline.Bar(share, 4);
        Assert.Equal(expected, full + empty);
    }
}
