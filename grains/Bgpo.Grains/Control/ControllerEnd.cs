using Bgpo.Grains.Shards;
using Bgpo.Storage.Blobs;

namespace Bgpo.Grains.Control;

/// <summary>How a controller ends: what it records of a failure, and that the cluster keeps nothing of the run.</summary>
/// <param name="services">What the controller works with.</param>
/// <param name="shards">The run's shards.</param>
internal sealed class ControllerEnd(ControllerServices services, ShardSet shards)
{
    /// <summary>How long a controller that leaves waits for the store.</summary>
    internal static TimeSpan Farewell { get; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a controller that ends waits for the write in hand, which may be retried below.</summary>
    internal static TimeSpan LastWrite { get; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Records that the run failed, and frees what the cluster holds of it, unless another controller may go on from there.
    /// </summary>
    /// <param name="version">The version that it stood at.</param>
    /// <param name="failure">Why.</param>
    internal async Task FailAsync(int version, Exception failure)
    {
        // Told before it is logged: a log that fails must not keep watchers waiting for an end that has come.
        services.Reporter.Events.Append(
            n => new RunFailed(n, services.Run.Id, version, failure.Message, failure is StorageException));
        services.Reporter.Failed(version, failure);
        try
        {
            await services.Lease.WriteAsync(record => record with { State = RunState.Failed, Reason = failure.Message })
                .WaitAsync(Farewell, services.Time);
        }
        catch (Exception again) when (again is StorageException or RunException or TimeoutException or OrleansException)
        {
            // The store is what failed, or a newer controller owns the run: the event above has said it.
            services.Reporter.Failed(version, again);
        }
        if (!await services.Lease.IsDrivenHereAsync(Farewell))
        {
            await ReleaseAsync(); // it goes on from a checkpoint, if at all
        }
    }

    /// <summary>Tidies up after a run whose end is recorded: what cannot be tidied is told, and makes no failure of it.</summary>
    /// <param name="tidy">Does it.</param>
    internal async Task TidyAsync(Func<Task> tidy)
    {
        try
        {
            await tidy();
        }
        catch (Exception e)
        {
            services.Reporter.Notice($"the run's end is recorded; its folder could not be tidied up: {e.Message}");
        }
    }

    /// <summary>Frees what the cluster holds of the run; what cannot be reached is gone anyway.</summary>
    internal async Task ReleaseAsync()
    {
        try
        {
            await shards.Release(await services.Roster.All());
        }
        catch (Exception e)
        {
            services.Reporter.Retried("release", e.Message);
        }
    }
}
