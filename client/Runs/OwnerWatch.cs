using Bgpo.Client.Watching;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>
/// Finds out whether an owner on another machine still writes, where its clock is ahead of this one's: the time of its last write says
/// nothing then, and by that alone it would count as alive until that time has come.
/// </summary>
/// <param name="context">What commands work with.</param>
internal sealed class OwnerWatch(ConsoleContext context)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private string? _nonce;
    private DateTimeOffset _since;

    /// <summary>What to say of the clock that a record was written by; empty where it does not matter.</summary>
    internal static string Skew(ConsoleContext context, RunRecord record) =>
        IsAhead(context, record) ? $", whose clock is {Printed.Age(record.Updated - context.Time.GetUtcNow())} ahead of this one" : "";

    /// <summary>Watches a run whose owner cannot be told to live or not, for as long as one that is silent counts as alive.</summary>
    /// <param name="store">The run.</param>
    /// <returns>Whether the owner has gone silent; false also where nothing had to be found out.</returns>
    internal async Task<bool> HasGoneSilentAsync(RunStore store)
    {
        var token = context.Interrupts.Token;
        for (var isFirst = true; await store.ReadAsync(token) is { Record: var record } && IsUnclear(record); isFirst = false)
        {
            if (!isFirst && record.Nonce != _nonce)
            {
                return false;
            }

            if (IsSilent(record))
            {
                return true;
            }

            if (isFirst)
            {
                context.Terminal.Error.WriteLine(
                    $"bgpo: run '{store.RunId}' was last written by {RunOwners.NameOf(record)}{Skew(context, record)}; set both by NTP. "
                    + $"Watching for {RunRecord.LeaseDuration.TotalSeconds:0} s whether it still writes");
            }

            await Task.Delay(s_look, context.Time, token);
        }

        return false;
    }

    /// <summary>Whether an owner whose clock is ahead has written nothing for long, as far as this watch has seen.</summary>
    /// <param name="record">The run's record, as read now.</param>
    internal bool IsSilent(RunRecord record)
    {
        var now = context.Time.GetUtcNow();
        if (record.Nonce != _nonce)
        {
            (_nonce, _since) = (record.Nonce, now);
        }

        return IsUnclear(record) && now - _since >= RunRecord.LeaseDuration;
    }

    private bool IsUnclear(RunRecord record) => record.State is RunState.Running or RunState.Paused && IsAhead(context, record);

    private static bool IsAhead(ConsoleContext context, RunRecord record) =>
        !RunOwners.IsOfThisMachine(record) && record.Updated - context.Time.GetUtcNow() > RunRecord.LeaseDuration;
}
