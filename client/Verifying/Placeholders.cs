#pragma warning disable CA1822
using Bgpo.Storage;

namespace Bgpo.Grains;

internal sealed record WorkMoved(long Sequence, string From, string To, string Reason, long UnixMilliseconds) : RunEvent(Sequence);

internal sealed record LedgerReport(int Steps, long Samples, IReadOnlyList<string> Faults);

internal static class Ledger
{
    internal static Task<LedgerReport> Check(RunStore store, CancellationToken cancellationToken) => Task.FromResult(new LedgerReport(0, 0, []));
}

internal static class Missing
{
    extension(StepMetrics metrics)
    {
        internal double LostSeconds => 0;
    }

    extension(RunStatus status)
    {
        internal string Silo => "";
    }
}
