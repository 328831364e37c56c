using Bgpo.Grains.Shards;
using Bgpo.Storage.Blobs;

namespace Bgpo.Grains.Tests;

/// <summary>What a controller writes beside its steps: in order, until the store takes it, and never too far behind.</summary>
public sealed class WriteQueueTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly List<string> _written = [];
    private readonly List<string?> _health = [];
    private readonly WriteQueue _writes;
    private bool _away;

    public WriteQueueTests() => _writes = new WriteQueue(_time) { OnHealth = trouble => _health.Add(trouble?.Message) };

    public void Dispose() => _writes.Dispose();

    [Fact]
    public async Task WhatAStoreRefusesForAWhile_IsWrittenInOrder_OnceItIsBack()
    {
        _away = true;
        Task first = Enqueue(1, "a");
        Task second = Enqueue(1, "b");
        for (int i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
        }
        Assert.Empty(_written);
        Assert.False(_writes.Healthy);
        Assert.Equal(1, _writes.Oldest);

        _away = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(["a", "b"], _written);
        Assert.Equal(["away", null], _health);
        Assert.Null(_writes.Oldest);
    }

    [Fact]
    public async Task WhatIsTakenMeanwhile_IsNoAllClear_ForWhatWasRefused()
    {
        _writes.Note("shards", new StoreUnavailableException("no space is left"));
        for (int i = 0; i < 5; i++)
        {
            await Enqueue(i, $"small {i}");
            _writes.Note("shards", new StoreUnavailableException("no space is left"));
        }
        Assert.False(_writes.Healthy);
        Assert.Equal(["no space is left"], _health);

        _writes.Note("shards", null);
        Assert.True(_writes.Healthy);
        Assert.Equal(["no space is left", null], _health);
    }

    [Fact]
    public async Task TrainingWaits_OnlyOnceTheStoreLagsTooFarBehind()
    {
        _away = true;
        _ = Enqueue(3, "a");
        int told = 0;
        await _writes.WaitForCapacity(5, maxBehind: 3, () => told++, CancellationToken.None);
        Task waiting = _writes.WaitForCapacity(6, maxBehind: 3, () => told++, CancellationToken.None);
        Assert.Equal(1, told);
        Assert.False(waiting.IsCompleted);

        _away = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["a"], _written);
    }

    [Fact]
    public async Task TheEnd_WaitsForTheWriteInHand_AndWritesNothingElse()
    {
        var held = new TaskCompletionSource();
        _ = _writes.Enqueue(1, async () =>
        {
            await held.Task;
            _written.Add("in hand");
        });
        Task waiting = Enqueue(2, "b");
        Task end = _writes.EndAsync();
        Assert.False(end.IsCompleted);
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        held.SetResult();
        await end.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["in hand"], _written);
    }

    [Fact]
    public async Task AWriteThatFailsForGood_FailsWhatFollows_AndWhoeverAsks()
    {
        Task bad = _writes.Enqueue(1, () => throw new RunException("fenced"));
        Task after = Enqueue(2, "b");
        Assert.Equal("fenced", (await Assert.ThrowsAsync<RunException>(() => bad)).Message);
        await Assert.ThrowsAsync<RunException>(() => after);
        Assert.Throws<RunException>(_writes.ThrowIfFaulted);
        await Assert.ThrowsAsync<RunException>(() => _writes.Flush(CancellationToken.None));
        Assert.Empty(_written);
    }

    [Fact]
    public async Task AProcessThatWasStopped_AsksBeforeItWritesOn()
    {
        int asked = 0;
        bool fenced = false;
        using var writes = new WriteQueue(_time)
        {
            CheckLease = () => ++asked > 0 && fenced ? throw new RunException("fenced") : Task.CompletedTask,
        };
        Task Write(string text) => writes.Enqueue(1, () =>
        {
            _written.Add(text);
            return Task.CompletedTask;
        });
        await Write("a");
        await Write("b");
        Assert.Equal(1, asked);
        fenced = true;
        _time.Advance(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<RunException>(() => Write("c"));
        Assert.Equal(["a", "b"], _written);
    }

    [Fact]
    public async Task WhatAStoreRefuses_IsToldAtOnce_AndKept_UntilSomebodyHasMendedIt()
    {
        List<(int, string?)> refusals = [];
        using var writes = new WriteQueue(_time) { OnRefusal = (version, refusal) => refusals.Add((version, refusal?.Message)) };
        bool refuses = true;
        Task first = writes.Enqueue(1, () => refuses ? throw new StoreRefusedException("no such container") : Task.CompletedTask);
        Task second = writes.Enqueue(2, () => Task.CompletedTask);
        Assert.Equal([(1, "no such container")], refusals);
        Assert.True(writes.IsRefused);
        writes.ThrowIfFaulted();

        refuses = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((1, null), refusals[^1]);
        Assert.False(writes.IsRefused);
    }

    [Fact]
    public void PausesBetweenTries_Grow_ToFiveSecondsAtMost()
    {
        for (int attempt = 1; attempt < 40; attempt++)
        {
            Assert.InRange(WriteQueue.Pause(attempt).TotalSeconds, Math.Min(2.5, 0.05 * Math.Pow(2, attempt - 1)),
                Math.Min(5, 0.1 * Math.Pow(2, attempt - 1)));
        }
    }

    private Task Enqueue(int version, string text) => _writes.Enqueue(version, () =>
    {
        if (_away)
        {
            throw new StoreUnavailableException("away");
        }
        _written.Add(text);
        return Task.CompletedTask;
    });
}
