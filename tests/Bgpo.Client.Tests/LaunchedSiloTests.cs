using Bgpo.Client.Clusters;
using Bgpo.Model;

namespace Bgpo.Client.Tests;

public class LaunchedSiloTests
{
    [Fact]
    public async Task OneThatHasEnded_HoldsNothingOfItsProcess_AndStillSaysHowItEnded()
    {
        using var silo = (LaunchedSilo)new Machine().Launch(new SiloLaunch("No Name", DeviceSet.Cpu(1), Path.GetTempPath(), ""));
        var error = await Assert.ThrowsAsync<BadInputException>(() => silo.Joined(TestContext.Current.CancellationToken));
        Assert.Contains("No Name", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, await silo.Ended(TestContext.Current.CancellationToken));
        Assert.False(silo.HoldsProcess);
        Assert.Equal(2, await silo.Ended(TestContext.Current.CancellationToken));
    }
}
