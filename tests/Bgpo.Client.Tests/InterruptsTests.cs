using System.Runtime.InteropServices;
using Bgpo.Silo.Machines;

namespace Bgpo.Client.Tests;

public sealed class InterruptsTests : IDisposable
{
    private const int UserSignal = 10;
    private readonly Interrupts _interrupts;
    private int _left;

    public InterruptsTests() => _interrupts = new Interrupts(() => _left++);

    public void Dispose() => _interrupts.Dispose();

    [Fact]
    public async Task NoticeOfAScheduler_AsksToStop_AndNeverLeavesAtOnce()
    {
        _interrupts.Listen(Interrupts.NoticesOf(null));
        var asked = new TaskCompletionSource();
        using var _ = _interrupts.Token.Register(asked.SetResult);

        Assert.True(ProcessTable.Send(ProcessTable.Own, UserSignal));
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, _left);

        // Whoever was told that Ctrl-C leaves at once presses it once.
        _interrupts.Signal();
        Assert.Equal(1, _left);
    }

    [Theory]
    [InlineData(null, new[] { 10, (int)PosixSignal.SIGQUIT })]
    [InlineData("", new int[0])]
    [InlineData("SIGUSR2, xcpu", new[] { 12, 24 })]
    public void NoticesAreConfigured(string? variable, int[] signals) =>
        Assert.Equal(signals, Interrupts.NoticesOf(variable).Select(signal => (int)signal));

    [Theory]
    [InlineData("USR1,KILL", "KILL")]
    [InlineData("12", "12")]
    public void UnknownSignal_IsRefusedByName(string variable, string word) => Assert.Contains(
        $"BGPO_STOP_SIGNALS: value '{word}': one or several of USR1, USR2, QUIT, XCPU, PWR, with commas between",
        Assert.Throws<BadInputException>(() => Interrupts.NoticesOf(variable)).Message, StringComparison.Ordinal);
}
