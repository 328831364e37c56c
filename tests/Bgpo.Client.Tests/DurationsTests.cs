using Bgpo.Client.CommandLine;

namespace Bgpo.Client.Tests;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("5s", 5)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    public void Time_IsReadAsTyped(string text, double seconds) =>
        Assert.Equal(seconds, Durations.Parse(text)!.Value.TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("1e9s")]
    [InlineData("NaNs")]
    [InlineData("99999999999h")]
    public void WhatIsNoTime_IsNone(string text) => Assert.Null(Durations.Parse(text));

    [Theory]
    [InlineData("500ms")]
    [InlineData("5s")]
    [InlineData("90s")]
    [InlineData("2m")]
    [InlineData("1h")]
    public void TimeIsWrittenAsItIsTyped(string text) =>
        Assert.Equal(Durations.Parse(text), Durations.Parse(Durations.Text(Durations.Parse(text)!.Value)));
}
