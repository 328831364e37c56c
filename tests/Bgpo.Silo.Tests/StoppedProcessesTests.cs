using System.Net;
using Bgpo.Silo.Clustering;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;

namespace Bgpo.Silo.Tests;

public class StoppedProcessesTests
{
    private static readonly SiloAddress s_silo = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress s_other = SiloAddress.New(IPAddress.Loopback, 2, 1);

    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(300);

    private readonly FakeTimeProvider _time = new();
    private readonly StoppedProcesses _stopped;

    public StoppedProcessesTests() => _stopped = new StoppedProcesses(_time);

    [Fact]
    public void OneThatStandsStill_IsTakenForDeadAfterAWhile()
    {
        Assert.False(_stopped.IsLong(s_silo, true));
        for (TimeSpan at = s_round; at < StoppedProcesses.Long; at += s_round)
        {
            _time.Advance(s_round);
            Assert.False(_stopped.IsLong(s_silo, true));
        }
        Assert.False(_stopped.IsLong(s_other, true));
        _time.Advance(s_round);
        Assert.True(_stopped.IsLong(s_silo, true));
        Assert.False(_stopped.IsLong(s_other, true));
    }

    [Fact]
    public void OneWhoLooksAgainAfterLong_BeginsAnew()
    {
        Assert.False(_stopped.IsLong(s_silo, true));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(_stopped.IsLong(s_silo, true));
    }

    [Fact]
    public void OneThatGoesOnBetweenTwoLooks_IsNot()
    {
        Assert.False(_stopped.IsLong(s_silo, true));
        for (int look = 0; look < 20; look++)
        {
            _time.Advance(s_round);
            Assert.False(_stopped.IsLong(s_silo, look % 3 != 0));
        }
    }

    [Fact]
    public void OneThatIsShortOfProcessorTime_IsWaitedFor()
    {
        Assert.False(_stopped.IsLong(s_silo, false));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(_stopped.IsLong(s_silo, false));

        // Probes are all that can take it for dead.
        var options = new ClusterMembershipOptions();
        ClusterMembership.ConfigureProbes(options);
        Assert.True(options.NumMissedProbesLimit * options.MinProbeTimeout >= TimeSpan.FromSeconds(6));
    }
}
