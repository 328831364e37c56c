using System.Diagnostics;
using System.Net;
using Orleans.Membership;
using Orleans.Runtime;

namespace Orleans.Tests;

/// <summary>When a silo whose heart stands still is given up.</summary>
public class MissedProbesTests
{
    private const int Limit = 3;

    private static readonly SiloAddress Silo = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1);

    private readonly MissedProbes _missed = new(Limit);

    [Fact]
    public void OneThatIsStopped_IsGivenUpAtTheLimit()
    {
        Assert.Null(_missed.TooMany(Silo, 7, () => true));
        Assert.All(Enumerable.Range(1, Limit - 1), _ => Assert.Null(_missed.TooMany(Silo, 7, () => true)));
        Assert.Equal(Limit, _missed.TooMany(Silo, 7, () => true));
    }

    [Fact]
    public void OneThatIsShortOfProcessorTime_IsWaitedFor()
    {
        int patience = MissedProbes.StarvedFactor * Limit;
        Assert.All(Enumerable.Range(0, patience), _ => Assert.Null(_missed.TooMany(Silo, 7, () => false)));
        Assert.Null(_missed.TooMany(Silo, 8, () => false)); // it beat once, just in time
        Assert.All(Enumerable.Range(1, patience - 1), _ => Assert.Null(_missed.TooMany(Silo, 8, () => false)));
        Assert.Equal(patience, _missed.TooMany(Silo, 8, () => false));
    }

    [Fact]
    public void OneWhoWasAsleepHimself_BeginsToCountAnew()
    {
        Assert.All(Enumerable.Range(0, Limit), _ => _missed.TooMany(Silo, 7, () => true));
        _missed.Clear();
        Assert.Null(_missed.TooMany(Silo, 7, () => true));
    }

    [Fact]
    public void OnlyAStoppedProcess_IsCalledStopped()
    {
        Assert.False(Heartbeat.IsStopped(Environment.ProcessId));
        using Process process = Process.Start("sleep", "1000");
        try
        {
            Assert.False(Heartbeat.IsStopped(process.Id));
            ClusterFixture.Signal(process, "STOP");
            Assert.True(Heartbeat.IsStopped(process.Id));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}
