using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>Starts stages from the lowest and stops those started from the highest.</summary>
internal sealed partial class SiloLifecycle(ILogger<SiloLifecycle> logger) : ISiloLifecycle
{
    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];

    public int HighestCompletedStage { get; private set; } = int.MinValue;

    public int LowestStoppedStage { get; private set; } = int.MaxValue;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        Subscription subscription = new(this, observerName, stage, observer);
        lock (_lock)
        {
            _subscriptions.Add(subscription);
        }

        return subscription;
    }

    public async Task StartAsync(CancellationToken cancellation)
    {
        foreach (IGrouping<int, Subscription> stage in Stages().OrderBy(stage => stage.Key))
        {
            cancellation.ThrowIfCancellationRequested();
            await Task.WhenAll(stage.Select(subscription => subscription.Observer.OnStart(cancellation)));
            HighestCompletedStage = stage.Key;
        }
    }

    public async Task StopAsync(CancellationToken cancellation)
    {
        int highest = HighestCompletedStage;
        foreach (IGrouping<int, Subscription> stage in Stages().Where(stage => stage.Key <= highest).OrderByDescending(stage => stage.Key))
        {
            foreach (Subscription subscription in stage)
            {
                try
                {
                    await subscription.Observer.OnStop(cancellation);
                }
                catch (Exception failure)
                {
                    // The others must stop all the same.
                    LogStopFailed(logger, failure, subscription.Name, stage.Key);
                }
            }

            LowestStoppedStage = stage.Key;
        }
    }

    private IGrouping<int, Subscription>[] Stages()
    {
        lock (_lock)
        {
            return [.. _subscriptions.GroupBy(subscription => subscription.Stage)];
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Observer} failed to stop in stage {Stage}.")]
    private static partial void LogStopFailed(ILogger logger, Exception failure, string observer, int stage);

    private sealed class Subscription(SiloLifecycle lifecycle, string name, int stage, ILifecycleObserver observer) : IDisposable
    {
        public string Name => name;

        public int Stage => stage;

        public ILifecycleObserver Observer => observer;

        public void Dispose()
        {
            lock (lifecycle._lock)
            {
                lifecycle._subscriptions.Remove(this);
            }
        }
    }
}
