using Bgpo.Silo.Clustering;
using Bgpo.Silo.Hosting;
using Bgpo.Spec;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Silo.Tests;

/// <summary>What a silo is called, and what tells a health check that it is a member.</summary>
public class SiloIdentityTests
{
    [Fact]
    public void SilosOfManyMachines_AreNamedAfterTheirMachine_SinceProcessIdsRepeat()
    {
        Assert.Equal("silo-7", BgpoSilo.NameOf(7, new ClusterSection()));
        string name = BgpoSilo.NameOf(1, new ClusterSection { Kind = ClusterKind.Azure });
        Assert.Matches("^silo-[a-z0-9-]+-1$", name);
        Assert.NotEqual("silo-1", name);
    }

    [Fact]
    public async Task LockFile_SaysThatItsSiloHasJoined_WhileItIsAMember()
    {
        await using ClusterFixture cluster = new();
        IHost silo = await cluster.StartSiloAsync("one");
        string file = Assert.Single(Directory.GetFiles(ClusterFolder.PathOf(cluster.Name), "silo-*.lock"));
        // As a shell reads it: a lock of .NET's own would keep others of .NET out.
        using System.Diagnostics.Process cat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("cat", [file]) { RedirectStandardOutput = true })!;
        Assert.Equal("joined\n", await cat.StandardOutput.ReadToEndAsync());
        await silo.StopAsync();
        Assert.False(File.Exists(file));
    }
}
