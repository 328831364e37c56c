using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Bgpo.Silo.Tests;

public class StandstillTests
{
    private static readonly SiloAddress s_silo = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress s_other = SiloAddress.New(IPAddress.Loopback, 2, 1);

    private readonly FakeTimeProvider _time = new();
    private readonly Standstill _standstill;

    public StandstillTests() => _standstill = new Standstill(_time);

    [Fact]
    public void OneThatStandsStill_IsTakenForDeadAfterAWhile()
    {
        Assert.False(_standstill.IsLong(s_silo, true));
        _time.Advance(Standstill.Long - TimeSpan.FromMilliseconds(1));
        Assert.False(_standstill.IsLong(s_silo, true));
        Assert.False(_standstill.IsLong(s_other, true));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(_standstill.IsLong(s_silo, true));
        Assert.False(_standstill.IsLong(s_other, true));
    }

    [Fact]
    public void OneThatGoesOnBetweenTwoLooks_IsNot()
    {
        Assert.False(_standstill.IsLong(s_silo, true));
        _time.Advance(Standstill.Long / 2);
        Assert.False(_standstill.IsLong(s_silo, false));
        _time.Advance(Standstill.Long / 2);
        Assert.False(_standstill.IsLong(s_silo, true));
    }

    [Fact]
    public void OneThatIsShortOfProcessorTime_IsWaitedFor()
    {
        Assert.False(_standstill.IsLong(s_silo, false));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(_standstill.IsLong(s_silo, false));
    }
}
