using System.Collections.Concurrent;
using System.Reflection;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bgpo.Silo.Tests;

/// <summary>Every run of a cluster is asked to go on, however many there are and whatever is wrong with one.</summary>
public sealed class RunKeeperTests : IAsyncLifetime
{
    private const int Runs = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-keeper-").FullName;
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly TaskCompletionSource _never = new();
    private LocalBlobStore _blobs = null!;

    /// <summary>Told the id of a run that is asked to go on; answers for it.</summary>
    private Func<string, Task> _answer = static _ => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _blobs = new LocalBlobStore(_folder);
        for (int i = 0; i < Runs; i++)
        {
            await new RunStore(_blobs, $"run-{i:D2}").CreateAsync(new RunRecord
            {
                RunId = $"run-{i:D2}",
                State = i % 2 == 0 ? RunState.Running : RunState.Stopped,
                Spec = "{}",
                Seed = 1,
                NumericsFingerprint = "",
                ParameterCount = 1,
            });
        }
    }

    public ValueTask DisposeAsync()
    {
        _never.TrySetResult();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task ARunThatDoesNotAnswer_KeepsNoOtherWaiting()
    {
        var all = new TaskCompletionSource();
        _answer = run =>
        {
            if (_asked.Count == Runs / 2)
            {
                all.SetResult();
            }
            return run == "run-00" ? _never.Task : Task.CompletedTask;
        };
        using RunKeeper keeper = NewKeeper(_blobs);
        await keeper.StartAsync(CancellationToken.None);
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal([.. Enumerable.Range(0, Runs / 2).Select(i => $"run-{2 * i:D2}")], _asked.Order());
        _never.SetResult();
        await keeper.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task WhenASiloIsGone_TheRunsThatWereDriven_AreAskedBeforeTheStoreIsListed()
    {
        var first = new TaskCompletionSource();
        var again = new TaskCompletionSource();
        _answer = _ =>
        {
            if (_asked.Count == Runs / 2)
            {
                first.SetResult();
            }
            else if (_asked.Count == Runs)
            {
                again.SetResult();
            }
            return Task.CompletedTask;
        };
        bool isSlow = false;
        IBlobStore slow = Proxy<IBlobStore>.Of((method, arguments) => isSlow && method.Name == nameof(IBlobStore.ListFoldersAsync)
            ? Blocked()
            : method.Invoke(_blobs, arguments));
        using RunKeeper keeper = NewKeeper(slow);
        await keeper.StartAsync(CancellationToken.None);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(60));

        isSlow = true;
        keeper.SiloStatusChangeNotification(SiloAddress.Zero, SiloStatus.Dead);
        await again.Task.WaitAsync(TimeSpan.FromSeconds(60));
        _never.SetResult();
        await keeper.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task WhileARunDoesNotAnswer_TheOthersAreAskedAgain_WhenASiloIsGone()
    {
        var first = new TaskCompletionSource();
        var again = new TaskCompletionSource();
        _answer = run =>
        {
            if (_asked.Count == Runs / 2)
            {
                first.SetResult();
            }
            else if (_asked.Count == Runs - 1)
            {
                again.SetResult();
            }
            return run == "run-00" ? _never.Task : Task.CompletedTask;
        };
        using RunKeeper keeper = NewKeeper(_blobs);
        await keeper.StartAsync(CancellationToken.None);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(60));
        keeper.SiloStatusChangeNotification(SiloAddress.Zero, SiloStatus.Dead);
        await again.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Single(_asked, "run-00");
        _never.SetResult();
        await keeper.StopAsync(CancellationToken.None);
    }

    private async IAsyncEnumerable<string> Blocked()
    {
        await _never.Task;
        yield break;
    }

    private RunKeeper NewKeeper(IBlobStore blobs)
    {
        IRunGrain Run(string id) => Proxy<IRunGrain>.Of((method, _) =>
        {
            Assert.Equal(nameof(IRunGrain.EnsureRunning), method.Name);
            lock (_asked)
            {
                _asked.Enqueue(id);
                return _answer(id);
            }
        });
        return new RunKeeper(
            Proxy<IRunOwners>.Of(static (_, _) => true), new RunCatalog(blobs),
            Proxy<IGrainFactory>.Of((_, arguments) => Run((string)arguments[0]!)),
            Proxy<ISiloStatusOracle>.Of(static (_, _) => true), TimeProvider.System, NullLogger<RunKeeper>.Instance);
    }

    /// <summary>An interface of which a test answers the calls.</summary>
    /// <typeparam name="T">The interface.</typeparam>
    public class Proxy<T> : DispatchProxy
        where T : class
    {
        private Func<MethodInfo, object?[], object?> _answer = static (_, _) => null;

        internal static T Of(Func<MethodInfo, object?[], object?> answer)
        {
            T made = Create<T, Proxy<T>>();
            ((Proxy<T>)(object)made)._answer = answer;
            return made;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!, args ?? []);
    }
}
