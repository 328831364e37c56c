using Bgpo.Client.Hosting;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>
/// Finds out whether an owner on another machine still writes, where its clock is ahead of this one's: the time of its last write
/// says nothing then, and by that alone it would count as alive until that time has come.
/// </summary>
/// <param name="context">What commands work with.</param>
internal sealed class OwnerWatch(ConsoleContext context)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private string? _nonce;
    private DateTimeOffset _since;

    /// <summary>What to say of the clock that a record was written by; empty where it does not matter.</summary>
    internal static string Skew(ConsoleContext context, RunRecord record) =>
        IsAhead(context, record)
            ? $", whose clock is {Format.Age(record.Updated - context.Time.GetUtcNow())} ahead of this one" : "";

    /// <summary>Watches a run whose owner's clock is ahead, for as long as one that is silent counts as alive.</summary>
    /// <param name="store">The run.</param>
    /// <returns><c>nonce</c> of the last record of an owner that has gone silent; null also where nothing was unclear.</returns>
    internal async Task<string?> FindSilentAsync(RunStore store) =>
        await WatchAsync(store, IsUnclear, "; set both by NTP") ? _nonce : null;

    /// <summary>
    /// Watches a run of an owner that cannot be seen from here, whatever its clock says: for what cannot be undone, an owner
    /// whose clock is behind must not be taken for dead.
    /// </summary>
    /// <param name="store">The run.</param>
    /// <returns>Whether the owner has gone silent; true also where nobody can drive the run.</returns>
    internal async Task<bool> IsAbandonedAsync(RunStore store) =>
        await store.ReadAsync(context.Interrupts.Token) is not { Record: var record } || !IsUnseen(record)
        || await WatchAsync(store, IsUnseen, ", which cannot be seen from here");

    private async Task<bool> WatchAsync(RunStore store, Func<RunRecord, bool> isUnclear, string said)
    {
        var token = context.Interrupts.Token;
        for (var isFirst = true; await store.ReadAsync(token) is { Record: var record } && isUnclear(record); isFirst = false)
        {
            if (isFirst)
            {
                context.Terminal.Error.WriteLine(
                    $"bgpo: run '{store.RunId}' was last written by {RunOwners.NameOf(record)}{Skew(context, record)}{said}. "
                    + $"Watching for {RunRecord.LeaseDuration.TotalSeconds:0} s whether it still writes");
            }
            else if (record.Nonce != _nonce)
            {
                return false;
            }

            if (HasStoodStill(record))
            {
                return true;
            }

            await Task.Delay(s_look, context.Time, token);
        }

        return false;
    }

    /// <summary>Whether an owner whose clock is ahead has written nothing for long, as far as this watch has seen.</summary>
    /// <param name="record">The run's record, as read now.</param>
    internal bool IsSilent(RunRecord record) => HasStoodStill(record) && IsUnclear(record);

    private bool HasStoodStill(RunRecord record)
    {
        var now = context.Time.GetUtcNow();
        if (record.Nonce != _nonce)
        {
            (_nonce, _since) = (record.Nonce, now);
        }

        return now - _since >= RunRecord.LeaseDuration;
    }

    private bool IsUnclear(RunRecord record) => IsUnseen(record) && IsAhead(context, record);

    private static bool IsUnseen(RunRecord record) =>
        record.State is RunState.Running or RunState.Paused && record.Cluster.Length > 0 && !RunOwners.IsOfThisMachine(record);

    private static bool IsAhead(ConsoleContext context, RunRecord record) =>
        !RunOwners.IsOfThisMachine(record) && record.Updated - context.Time.GetUtcNow() > RunRecord.LeaseDuration;
}
