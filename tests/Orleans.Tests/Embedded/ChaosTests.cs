using System.Diagnostics;
using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Tests;

public interface IGuarded : IGrainWithStringKey
{
    Task<int> Touch();
}

/// <summary>Holds a file locked while it is active: a second activation anywhere on the machine fails. Its key is the file.</summary>
[RandomPlacement]
public sealed class Guarded : Grain, IGuarded
{
    private FileStream? _file;
    private int _touched;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        string path = this.GetPrimaryKeyString();
        for (int attempt = 0; _file is null; attempt++)
        {
            try
            {
                _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 4)
            {
                // The kernel may still be closing the files of a process that was killed.
                await Task.Delay(5, cancellationToken);
            }
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_file is not null)
        {
            await _file.DisposeAsync();
        }
    }

    public Task<int> Touch() => Task.FromResult(++_touched);
}

public class ChaosTests
{
    [Fact]
    public async Task SilosKilledAndDrainedWithoutEnd_LeaveOneActivationOfEachGrain()
    {
        await using ClusterFixture cluster = new();
        List<Process> silos = [];
        for (int i = 0; i < 3; i++)
        {
            silos.Add(await cluster.StartProcessAsync("s" + i));
        }

        IClusterClient client = await cluster.StartClientAsync();
        string files = Directory.CreateDirectory(Path.Combine(cluster.Directory, "grains")).FullName;
        using CancellationTokenSource stop = new();
        int refused = 0;
        Answers answers = new();
        Task[] callers = [.. Enumerable.Range(0, 4).Select(async caller =>
        {
            for (int i = caller; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    await client.GetGrain<IGuarded>(Path.Combine(files, (i % 30).ToString())).Touch();
                    answers.Add();
                }
                catch (Exception failure) when (failure is SiloUnavailableException or TimeoutException)
                {
                    Interlocked.Increment(ref refused);
                }
            }
        })];
        for (int round = 0; round < 6; round++)
        {
            await await Task.WhenAny([answers.More(200), .. callers]).WaitAsync(TimeSpan.FromSeconds(20));
            Process victim = silos[round % silos.Count];
            ClusterFixture.Signal(victim, round % 3 == 2 ? "TERM" : "KILL");
            silos[round % silos.Count] = await cluster.StartProcessAsync("r" + round);
            await victim.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        for (int i = 0; i < 30; i++)
        {
            Assert.True(await client.GetGrain<IGuarded>(Path.Combine(files, i.ToString())).Touch() > 0);
        }

        Assert.InRange(refused, 0, 6 * 40);
    }

    /// <summary>Counts, and tells when so many more have come.</summary>
    private sealed class Answers
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _reached = new();
        private int _missing = int.MaxValue;

        public Task More(int count)
        {
            lock (_lock)
            {
                _missing = count;
                _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _reached.Task;
            }
        }

        public void Add()
        {
            lock (_lock)
            {
                if (--_missing == 0)
                {
                    _reached.TrySetResult();
                }
            }
        }
    }
}
