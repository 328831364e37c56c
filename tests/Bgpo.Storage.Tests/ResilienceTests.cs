using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Resilience;
using Microsoft.Extensions.Time.Testing;

namespace Bgpo.Storage.Tests;

/// <summary>What may heal is tried again while patience lasts, what will not is said at once, and both are counted.</summary>
public sealed class ResilienceTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SickStore _sick = new();
    private ResilientBlobStore _store = null!;

    public ResilienceTests() => Open(TimeSpan.FromDays(100), TimeSpan.FromDays(100));

    [Fact]
    public async Task StoreThatHeals_IsTriedUntilItDoes_AndTheRetriesAreCounted()
    {
        await ReachAsync();
        _sick.Fail(3);
        Assert.Null(await EndAsync(_store.GetAsync("x")));
        Assert.Equal(3, _store.Health.Retries);
        Assert.Equal(0, _store.Health.Failures);
        Assert.Contains("sick", _store.Health.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreThatDoesNotHeal_IsUnavailableAfterItsPatience()
    {
        Open(total: TimeSpan.FromSeconds(30), first: TimeSpan.Zero);
        await ReachAsync();
        _sick.Fail(int.MaxValue);
        DateTimeOffset began = _time.GetUtcNow();
        StoreUnavailableException exception =
            await Assert.ThrowsAsync<StoreUnavailableException>(() => EndAsync(_store.PutAsync("x", new byte[1])));
        Assert.InRange(_time.GetUtcNow() - began, TimeSpan.FromSeconds(30), TimeSpan.FromDays(1));
        Assert.Contains("attempts in", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, _store.Health.Failures);
    }

    [Fact]
    public async Task StoreThatNeverAnswered_IsGivenUpSooner()
    {
        Open(total: TimeSpan.FromDays(100), first: TimeSpan.FromSeconds(5));
        _sick.Fail(int.MaxValue);
        DateTimeOffset began = _time.GetUtcNow();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => EndAsync(_store.GetAsync("x")));
        Assert.InRange(_time.GetUtcNow() - began, TimeSpan.FromSeconds(5), TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task ARunWhoseRecordIsMissing_KeepsNoOtherFromTheStore()
    {
        Open(total: TimeSpan.FromSeconds(30), first: TimeSpan.FromSeconds(30));
        await ReachAsync();
        StoreUnavailableException missing =
            await Assert.ThrowsAsync<StoreUnavailableException>(
                () => EndAsync(_store.Requiring("r/run.json").PutAsync("r/x", new byte[1])));
        Assert.Contains("'r/run.json' is gone", missing.Message, StringComparison.Ordinal);
        // Without any wait by the store's clock, which stands still.
        await _store.GetAsync("x").WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task OpenCircuit_SparesTheStore_SaysSinceWhen_AndClosesWhenAProbeSucceeds()
    {
        Open(total: TimeSpan.FromHours(1), first: TimeSpan.Zero);
        await ReachAsync();
        _sick.Fail(int.MaxValue);
        DateTimeOffset began = _time.GetUtcNow();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => EndAsync(_store.GetAsync("x")));
        DateTimeOffset since = _store.Health.OpenSince!.Value;
        Assert.InRange(since, began, _time.GetUtcNow());
        int before = _sick.Calls;
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => EndAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _store.GetAsync("x")))));
        // Twenty callers for an hour, each every five seconds, would be 14,400 calls; a probe every two seconds is 1,800.
        Assert.InRange(_sick.Calls - before, 0, 4000);
        Assert.Equal(since, _store.Health.OpenSince);
        _sick.Fail(0);
        Assert.Null(await EndAsync(_store.GetAsync("x")));
        Assert.Null(_store.Health.OpenSince);
    }

    [Fact]
    public async Task Refusal_IsNotRetried()
    {
        _sick.Error = () => new StoreRefusedException("no");
        _sick.Fail(1);
        await Assert.ThrowsAsync<StoreRefusedException>(() => _store.GetAsync("x"));
        Assert.Equal((1, 0L), (_sick.Calls, _store.Health.Retries));
    }

    [Fact]
    public async Task HungStore_IsGivenUpAttemptByAttempt()
    {
        Open(total: TimeSpan.FromSeconds(20), first: TimeSpan.Zero);
        await ReachAsync();
        _sick.Hangs = true;
        StoreUnavailableException exception =
            await Assert.ThrowsAsync<StoreUnavailableException>(() => EndAsync(_store.GetAsync("x")));
        Assert.Contains("no answer", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PutWhoseAnswerIsLost_IsKnownAsOurOwn(bool absent)
    {
        string etag = await _store.PutAsync("y", "0"u8.ToArray());
        _sick.LoseAnswers(1);
        Assert.NotNull(await EndAsync(absent
            ? _store.PutIfAbsentAsync("x", "mine"u8.ToArray())
            : _store.PutIfUnchangedAsync("y", "mine"u8.ToArray(), etag)));
        Assert.Equal("mine"u8.ToArray(), (await _store.GetAsync(absent ? "x" : "y"))!.Content.ToArray());
    }

    [Fact]
    public async Task PutThatLostToAnother_IsNotTakenForOurOwn()
    {
        string etag = await _store.PutAsync("y", "0"u8.ToArray());
        await _store.PutAsync("y", "theirs"u8.ToArray());
        _sick.Fail(1);
        Assert.Null(await EndAsync(_store.PutIfUnchangedAsync("y", "mine"u8.ToArray(), etag)));
    }

    [Fact]
    public async Task Meter_CountsRetries()
    {
        long counted = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == StoreMeter.Name && instrument.Name == "bgpo.store.retries")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            if (tags.Length == 1 && Equals(tags[0].Value, _sick.Location))
            {
                counted += value;
            }
        });
        listener.Start();
        await ReachAsync();
        _sick.Fail(2);
        await EndAsync(_store.GetAsync("x"));
        Assert.Equal(2, counted);
    }

    private void Open(TimeSpan total, TimeSpan first) =>
        _store = new ResilientBlobStore(_sick, new StorePatience { Total = total, FirstContact = first }, _time);

    private async Task ReachAsync()
    {
        await _store.GetAsync("x");
        _sick.Calls = 0;
    }

    /// <summary>Lets the clock run until a task ends.</summary>
    private async Task<T> EndAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        return await task;
    }

    /// <summary>A store in memory that fails, hangs or loses answers as it is told.</summary>
    private sealed class SickStore : IBlobStore
    {
        private readonly Dictionary<string, Blob> _blobs = [];
        private int _failures;
        private int _lost;
        private int _writes;

        public Func<StorageException> Error { get; set; } = () => new StoreUnavailableException("sick.");

        public bool Hangs { get; set; }

        public int Calls { get; set; }

        public string Location { get; } = $"sick-{Guid.NewGuid():N}";

        public void Fail(int times) => _failures = times;

        public void LoseAnswers(int times) => _lost = times;

        public Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default) =>
            Call(() => _blobs.GetValueOrDefault(name), cancellationToken);

        public Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
            Call(() => Write(name, content), cancellationToken);

        public Task<string?> PutIfAbsentAsync(
            string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
            Call(() => _blobs.ContainsKey(name) ? null : Write(name, content), cancellationToken);

        public Task<string?> PutIfUnchangedAsync(
            string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default) =>
            Call(() => _blobs.GetValueOrDefault(name)?.ETag == etag ? Write(name, content) : null, cancellationToken);

        public Task<int?> ReadRangeAsync(
            string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
            Task.FromResult<int?>(_blobs.ContainsKey(name) ? 0 : null);

        public Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<BlobEntry> ListAsync(
            string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield break;
        }

        public async IAsyncEnumerable<string> ListFoldersAsync(
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield break;
        }

        public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        private string Write(string name, ReadOnlyMemory<byte> content)
        {
            string etag = $"{++_writes}";
            _blobs[name] = new Blob(content.ToArray(), etag);
            return _lost-- > 0 ? throw Error() : etag;
        }

        private async Task<T> Call<T>(Func<T> work, CancellationToken cancellationToken)
        {
            Calls++;
            if (Hangs)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return _failures-- > 0 ? throw Error() : work();
        }
    }
}
