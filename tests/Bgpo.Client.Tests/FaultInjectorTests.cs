using Bgpo.Client.Clusters;
using Bgpo.Client.Proof;
using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Silo.Machines;

namespace Bgpo.Client.Tests;

public sealed class FaultInjectorTests : IDisposable
{
    private readonly FakeConsole _console = new();
    private readonly List<FaultEvent> _acts = [];

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task AVictim_IsKilled_AndReplacedByOneLikeIt()
    {
        SiloDescription silo = Silo(41);
        var victim = await Inject(FaultKind.Kill, restart: true);

        Assert.Equal(silo, victim);
        Assert.Equal([(41, ProcessTable.Kill)], _console.Machine.Sent);
        Assert.Equal(new SiloLaunch("demo", DeviceSet.Cpu(2), "/s", "") { ClusterConfig = "/c.yaml" },
            Assert.Single(_console.Machine.Launched));
        Assert.Equal(["killed", "joined"], _acts.Select(act => act.Event));
    }

    [Fact]
    public async Task TheLastSilo_IsSparedWhileItsOnlyHelpIsStarting()
    {
        (SiloDescription first, SiloDescription second) = (Silo(41), Silo(42));
        var joining = new TaskCompletionSource();
        _console.Machine.Joining = joining.Task;
        var injector = FaultInjector(new ChaosOptions(FaultKind.Kill, Victims.Any, Restart: true, TimeSpan.Zero));
        var victim = await injector.Act(CancellationToken.None);
        SiloDescription last = victim == first ? second : first;
        _console.Host.Clusters["demo"] = [last];
        Assert.Null(await injector.Act(CancellationToken.None));
        Assert.Equal("the last silo is spared until one that is starting has joined", _acts[^1].Message);

        joining.SetResult();
        await injector.DisposeAsync();
        _console.Host.Clusters["demo"] = [last, last with { Name = "new", State = SiloState.Leaving }];
        Assert.Equal(last, await Inject(FaultKind.Kill, restart: true));
    }

    [Fact]
    public async Task OneThatHangs_IsWoken()
    {
        Silo(41);
        await Inject(FaultKind.Stop, restart: false);
        Assert.Equal([(41, ProcessTable.Stop), (41, ProcessTable.Continue)], _console.Machine.Sent);
        Assert.Empty(_console.Machine.Launched);
    }

    [Theory]
    [InlineData("dotnet", "/b/Bgpo.Client.dll", "train", "--silos", "3", "--cluster", "demo")]
    [InlineData("dotnet", "/b/Bgpo.Client.dll", "run", "watch", "silo", "--cluster", "demo")]
    [InlineData("vim", "silo", "--cluster", "demo")]
    public async Task AProcessThatIsNoSilo_IsLeftAlone(params string[] command)
    {
        Silo(41, command);
        Assert.Null(await Inject(FaultKind.Kill, restart: true));
        Assert.Empty(_console.Machine.Sent);
        Assert.Equal("passed", Assert.Single(_acts).Event);
    }

    [Fact]
    public async Task ALaterProcessOfTheSameId_IsLeftAlone()
    {
        SiloDescription silo = Silo(41);
        _console.Host.Clusters["demo"] = [silo with { ProcessStart = 6 }];
        Assert.Null(await Inject(FaultKind.Kill, restart: true));
        Assert.Empty(_console.Machine.Sent);
    }

    [Fact]
    public async Task OneThatIsLeaving_IsLeftAlone()
    {
        SiloDescription silo = Silo(41);
        _console.Host.Clusters["demo"] = [silo with { State = SiloState.Leaving }];
        Assert.Null(await Inject(FaultKind.Kill, restart: true));
    }

    [Fact]
    public async Task TheSameSeed_ChoosesTheSameVictims()
    {
        foreach (int process in Enumerable.Range(41, 8))
        {
            Silo(process);
        }

        async Task<List<string?>> Chosen()
        {
            var injector = FaultInjector(new ChaosOptions(FaultKind.Stop, Victims.Any, false, TimeSpan.Zero));
            List<string?> names = [];
            for (int i = 0; i < 5; i++)
            {
                names.Add((await injector.Act(CancellationToken.None))?.Name);
            }

            await injector.DisposeAsync();
            return names;
        }

        List<string?> first = await Chosen();
        Assert.Equal(first, await Chosen());
        Assert.True(first.Distinct().Count() > 1);
    }

    private SiloDescription Silo(int process, params string[] command)
    {
        SiloDescription silo = _console.Machine.Silo(process, "demo", "/s", command);
        _console.Host.Clusters["demo"] = [.. _console.Host.Clusters.GetValueOrDefault("demo") ?? [], silo];
        return silo;
    }

    private async Task<SiloDescription?> Inject(FaultKind kind, bool restart)
    {
        var injector = FaultInjector(new ChaosOptions(kind, Victims.Any, restart, TimeSpan.FromHours(1)));
        SiloDescription? victim = await injector.Act(CancellationToken.None);
        await injector.DisposeAsync();
        return victim;
    }

    private FaultInjector FaultInjector(ChaosOptions options) => new(
        _console.Host.Join("demo", CancellationToken.None).GetAwaiter().GetResult(), _console.Machine,
        new ClusterConfig { File = "/c.yaml" }, options, new Random(1), TimeProvider.System, _acts.Add);
}
