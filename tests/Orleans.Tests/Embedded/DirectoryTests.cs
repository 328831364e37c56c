using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;

namespace Orleans.Tests;

public class DirectoryTests
{
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress There = SiloAddress.New(IPAddress.Loopback, 2, 2);
    private readonly StillCluster _cluster = new();
    private readonly DistributedGrainDirectory _directory;
    private readonly List<(GrainId Grain, SiloAddress Loser)> _duplicates = [];

    public DirectoryTests()
    {
        GrainTypeResolver types = new(new GrainTypeRegistry(new ServiceCollection().BuildServiceProvider()), () => _cluster.View);
        _directory = new(_cluster)
        {
            Duplicate = (grain, loser) => _duplicates.Add((grain, loser)),
            References = new GrainReferenceFactory(new Silence(), new SiloMessagingOptions(), TimeProvider.System, types),
        };
    }

    [Fact]
    public async Task NewOwner_AnswersOnlyWhenAllSilosHaveReported()
    {
        _cluster.Become(5, Here, There);
        GrainId grain = OwnedHere();
        Task<DirectoryAnswer> claim = _directory.Register(5, grain, Here);
        Assert.False(claim.IsCompleted);
        await _directory.Report(5, There, [grain]);
        Assert.Equal(new DirectoryAnswer(5, true, There), await claim);
    }

    [Fact]
    public async Task SiloThatDiesBeforeItReports_IsWaitedForNoLonger()
    {
        _cluster.Become(5, Here, There);
        GrainId grain = OwnedHere();
        Task<DirectoryAnswer> claim = _directory.Register(5, grain, Here);
        _cluster.Become(6, Here);
        Assert.Equal(new DirectoryAnswer(6, true, Here), await claim);
    }

    [Fact]
    public async Task ReportOfALaterView_IsKeptUntilThen()
    {
        _cluster.Become(5, Here, There);
        GrainId grain = OwnedHere();
        _ = _directory.Report(6, There, [grain]);
        Task<DirectoryAnswer> lookup = _directory.Lookup(5, grain);
        Assert.False(lookup.IsCompleted);
        _cluster.Become(6, Here, There);
        Assert.Equal(There, (await lookup).Silo);
    }

    [Fact]
    public async Task GrainReportedTwice_IsKeptOnOneSiloAndDroppedByTheOther()
    {
        GrainId grain = GrainId.Create("thing", "twice");
        _directory.Held = () => [grain];
        _cluster.Become(5, Here, There);
        if (_cluster.View.OwnerOf(grain) != Here)
        {
            grain = OwnedHere();
            _cluster.Become(6, Here, There);
        }

        await _directory.Report(_cluster.View.Version, There, [grain]);
        SiloAddress holder = (await _directory.Lookup(_cluster.View.Version, grain)).Silo!;
        Assert.Equal([(grain, holder == Here ? There : Here)], _duplicates);
    }

    [Fact]
    public async Task SiloThatIsNotTheOwner_SaysSo()
    {
        _cluster.Become(5, Here, There);
        GrainId grain = Enumerable.Range(0, 1000).Select(i => GrainId.Create("thing", "k" + i))
            .First(candidate => _cluster.View.OwnerOf(candidate) == There);
        Assert.Equal(new DirectoryAnswer(5, false, null), await _directory.Lookup(5, grain));
    }

    private GrainId OwnedHere() => Enumerable.Range(0, 1000).Select(i => GrainId.Create("thing", "k" + i))
        .First(candidate => _cluster.View.OwnerOf(candidate) == Here);

    /// <summary>Where calls go and nothing comes back.</summary>
    private sealed class Silence : ICallRouter
    {
        public void Route(Call call)
        {
        }

        public void Reroute(Call call)
        {
        }

        public void Cancel(Call call)
        {
        }
    }

    /// <summary>A cluster whose views are what the test says; nobody else answers in it.</summary>
    private sealed class StillCluster : ICluster
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public event Action<ClusterView>? ViewChanged;

        public event Action<string>? Evicted
        {
            add { }
            remove { }
        }

        public SiloAddress Local => Here;

        public SiloStatus LocalStatus => SiloStatus.Active;

        public ClusterView View { get; private set; } = new(0, []);

        public void Become(long version, params SiloAddress[] silos)
        {
            View = new ClusterView(version, silos.Select(silo => new SiloMember(
                silo,
                silo.ToString(),
                SiloStatus.Active,
                false,
                ImmutableDictionary<string, string>.Empty,
                ImmutableDictionary<GrainType, GrainProperties>.Empty)));
            ViewChanged?.Invoke(View);
            Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }

        public async Task RefreshAsync(long version, CancellationToken cancellation)
        {
            for (Task changed = _changed.Task; View.Version < version; changed = _changed.Task)
            {
                await changed.WaitAsync(TimeSpan.FromSeconds(20), cancellation);
            }
        }

        public Task<bool> TryKillAsync(SiloAddress silo) => Task.FromResult(false);

        public Task JoinAsync(CancellationToken cancellation) => Task.CompletedTask;

        public Task BeginLeaveAsync(CancellationToken cancellation) => Task.CompletedTask;

        public Task LeaveAsync(CancellationToken cancellation) => Task.CompletedTask;
    }
}
