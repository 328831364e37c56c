using Bgpo.Silo.Devices;

namespace Bgpo.Grains.Tests;

/// <summary>Work that waits for devices, here for threads of the test.</summary>
public sealed class DeviceQueueTests
{
    private readonly DeviceQueue _queue = new();

    [Fact]
    public async Task ADeviceThatIsDone_TakesTheNextPieceItself()
    {
        Task<int>[] pieces = [
            .. Enumerable.Range(0, 5).Select(i => _queue.Run(device => (10 * device) + i, CancellationToken.None))];
        _queue.Close();
        _queue.Serve(3);
        int[] done = await Task.WhenAll(pieces);
        Assert.Equal([30, 31, 32, 33, 34], done);
    }

    [Fact]
    public async Task DevicesShareWhatWaits()
    {
        using var both = new Barrier(2);
        Task<int>[] pieces =
        [
            .. Enumerable.Range(0, 2).Select(_ => _queue.Run(
                device =>
                {
                    // each waits for the other: one device alone never gets by
                    both.SignalAndWait(TestContext.Current.CancellationToken);
                    return device;
                },
                CancellationToken.None)),
        ];
        _queue.Close();
        Task[] devices = [.. Enumerable.Range(0, 2).Select(device => Task.Factory.StartNew(
            () => _queue.Serve(device), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await Task.WhenAll(devices);
        int[] done = await Task.WhenAll(pieces);
        Assert.Equal([0, 1], done.Order());
    }

    [Fact]
    public async Task WorkThatIsGivenUpBeforeItBegins_IsNotDone()
    {
        using var giveUp = new CancellationTokenSource();
        bool isDone = false;
        Task<bool> given = _queue.Run(_ => isDone = true, giveUp.Token);
        Task<int> other = _queue.Run(device => device, CancellationToken.None);
        await giveUp.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => given); // before any device is free
        _queue.Close();
        _queue.Serve(7);
        Assert.Equal(7, await other);
        Assert.False(isDone);
    }

    [Fact]
    public async Task WhatGoesWrong_ReachesWhoeverAsked_AndTheDeviceGoesOn()
    {
        Task<int> wrong = _queue.Run<int>(_ => throw new InvalidOperationException("odd"), CancellationToken.None);
        Task<int> next = _queue.Run(device => device, CancellationToken.None);
        _queue.Close();
        _queue.Serve(0);
        Assert.Equal("odd", (await Assert.ThrowsAsync<InvalidOperationException>(() => wrong)).Message);
        Assert.Equal(0, await next);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _queue.Run(device => device, CancellationToken.None));
    }
}
