using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>On which numerics a strict run goes on: those it began on, as far as its record says which they were.</summary>
public sealed class FingerprintTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task ARunOfAnotherProbe_IsRefused_AndOneOfBeforeThereWereAny_GoesOn()
    {
        await _runs.StopAfter("a", 1, 2, []);
        string own = (await _runs.Store("a").ReadAsync())!.Record.NumericsFingerprint;
        Assert.Matches("; probe [0-9a-f]{8}$", own);

        await Record("a", own[..^8] + "00000000");
        RunException refused = await Assert.ThrowsAsync<RunException>(() => _runs.Resume("a"));
        Assert.Contains("probe 00000000", refused.Message, StringComparison.Ordinal);

        await Record("a", own.Split("; probe ")[0]);
        List<RunEvent> events = await _runs.Events("a", 1, grain => grain.Resume());
        Assert.Single(events.OfType<RunCompleted>());
        Assert.DoesNotContain(events, e => e is Noticed { Message: var said }
            && said.Contains("computes on", StringComparison.Ordinal));
    }

    private async Task Record(string run, string fingerprint)
    {
        StoredRun stored = (await _runs.Store(run).ReadAsync())!;
        Assert.NotNull(await _runs.Store(run).UpdateAsync(stored.Record with { NumericsFingerprint = fingerprint }, stored.ETag));
    }
}
