using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Bgpo.Storage.Blobs.Resilience;

/// <summary>
/// The Polly pipeline of a store: retries with jittered back-off around a circuit breaker around a timeout for each attempt.
/// </summary>
internal sealed class StorePipeline
{
    private static readonly ResiliencePropertyKey<long> s_started = new("bgpo.started");
    private static readonly ResiliencePropertyKey<long> s_bytes = new("bgpo.bytes");

    private readonly string _location;
    private readonly StorePatience _patience;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _pipeline;

    public StorePipeline(string location, StorePatience patience, TimeProvider time)
    {
        _location = location;
        _patience = patience;
        _time = time;
        Watch = new StoreWatch(location, time);
        _pipeline = new ResiliencePipelineBuilder { Name = "store", TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = args => ValueTask.FromResult(IsTransient(args.Outcome.Exception) && !IsWornOut(args.Context)),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = patience.Delay,
                MaxDelay = patience.LongestDelay,
                OnRetry = args =>
                {
                    // Waiting for the circuit to close is no attempt.
                    if (args.Outcome.Exception is not BrokenCircuitException)
                    {
                        Watch.Retried();
                    }

                    return default;
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                // A run that is missing must not keep others from the store.
                ShouldHandle = args => ValueTask.FromResult(
                    IsTransient(args.Outcome.Exception) && args.Outcome.Exception
                        is not StoreUnavailableException { IsOfOneRun: true }),
                FailureRatio = 0.5,
                MinimumThroughput = patience.BreakerAttempts,
                SamplingDuration = patience.BreakerWindow,
                BreakDuration = patience.BreakerPause,
                OnOpened = _ =>
                {
                    Watch.Opened();
                    return default;
                },
                OnClosed = _ =>
                {
                    Watch.Closed();
                    return default;
                },
            })
            .AddTimeout(new TimeoutStrategyOptions
            {
                TimeoutGenerator = args => ValueTask.FromResult(AttemptTime(args.Context.Properties.GetValue(s_bytes, 0))),
            })
            .Build();
    }

    public StoreWatch Watch { get; }

    /// <summary>Runs an operation, again and again while it may heal and patience lasts.</summary>
    /// <param name="action">What it does, for messages: "write 'x'".</param>
    /// <param name="bytes">Bytes it carries.</param>
    /// <param name="operation">The operation; told whether an earlier attempt may have been done.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">Patience is at its end.</exception>
    public async Task<T> RunAsync<T>(
        string action, long bytes, Func<bool, CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        ResilienceContext context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellationToken);
        context.Properties.Set(s_started, started);
        context.Properties.Set(s_bytes, bytes);
        var attempts = new Attempts();
        try
        {
            T result = await _pipeline.ExecuteAsync(
                async (run, made) => await AttemptAsync(operation, made, run.CancellationToken).ConfigureAwait(false), context,
                attempts)
                .ConfigureAwait(false);
            Watch.Answered(_time.GetElapsedTime(started));
            return result;
        }
        catch (Exception exception) when (IsTransient(exception))
        {
            Watch.GaveUp();
            throw GivenUp(action, attempts, _time.GetElapsedTime(started), exception);
        }
        catch (StorageException)
        {
            Watch.Answered(_time.GetElapsedTime(started));
            throw;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool IsTransient(Exception? exception) =>
        exception is StoreUnavailableException or BrokenCircuitException or TimeoutRejectedException;

    private async Task<T> AttemptAsync<T>(
        Func<bool, CancellationToken, Task<T>> operation, Attempts attempts, CancellationToken cancellationToken)
    {
        attempts.Made++;
        try
        {
            return await operation(attempts.Made > 1, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException exception)
        {
            attempts.Last = exception;
            Watch.Failing(exception.Message);
            throw;
        }
    }

    private bool IsWornOut(ResilienceContext context)
    {
        TimeSpan patience = Watch.Reached ? _patience.Total : _patience.FirstContact;
        return _time.GetElapsedTime(context.Properties.GetValue(s_started, 0)) >= patience;
    }

    private TimeSpan AttemptTime(long bytes) =>
        _patience.Attempt + TimeSpan.FromSeconds((double)bytes / _patience.SlowestTransfer);

    private StoreUnavailableException GivenUp(string action, Attempts attempts, TimeSpan taken, Exception cause)
    {
        string tried = $"{attempts.Made} {(attempts.Made == 1 ? "attempt" : "attempts")} in {taken.TotalSeconds:0.0} s";
        return cause switch
        {
            StoreUnavailableException last => new StoreUnavailableException($"{last.Message.TrimEnd('.')} ({tried}).", last),
            TimeoutRejectedException => new StoreUnavailableException(
                $"Store '{_location}': cannot {action}: no answer ({tried}); see whether it hangs.", cause),
            _ => new StoreUnavailableException(
                attempts.Last is { } last
                    ? $"{last.Message.TrimEnd('.')} ({tried})."
                    : $"Store '{_location}': cannot {action}: it has been unreachable since {Watch.Health.OpenSince:u}: " +
                        $"{Watch.Health.LastError}",
                cause),
        };
    }

    /// <summary>What happened to one operation so far.</summary>
    private sealed class Attempts
    {
        public int Made { get; set; }

        public StoreUnavailableException? Last { get; set; }
    }
}
