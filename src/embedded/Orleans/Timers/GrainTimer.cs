using Microsoft.Extensions.Logging;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>Where a timer's tick enters the grain: as a call like any other.</summary>
internal interface IGrainTimerInvoker : IAddressable
{
    Task InvokeCallbackAsync();
}

/// <summary>Sends the grain a tick when it is due; the next one is counted from the end of the last.</summary>
internal sealed partial class GrainTimer : IGrainTimer, IGrainTimerInvoker
{
    private static readonly GrainMethod Tick = GrainInterface.Of(typeof(IGrainTimerInvoker)).Methods[0];

    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly ITimer _timer;
    private TimeSpan _dueTime;
    private TimeSpan _period;
    private bool _ticking;
    private bool _changed;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        _activation = activation;
        _callback = callback;
        _options = options;
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _timer = activation.Catalog.Time.CreateTimer(
            static timer => ((GrainTimer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        _changed = true;
        _dueTime = dueTime;
        _period = period;
        if (!_ticking)
        {
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        if (!_cancellation.IsCancellationRequested)
        {
            _timer.Dispose();
            _activation.RemoveTimer(this);
            _cancellation.Cancel();
        }
    }

    public async Task InvokeCallbackAsync()
    {
        if (_cancellation.IsCancellationRequested)
        {
            return;
        }

        _ticking = true;
        _changed = false;
        try
        {
            await _callback(_cancellation.Token);
        }
        catch (Exception failure)
        {
            LogTickFailed(_activation.Logger, failure, _activation);
        }
        finally
        {
            _ticking = false;
            if (!_cancellation.IsCancellationRequested)
            {
                _timer.Change(_changed ? _dueTime : _period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Fire() => _activation.TryReceive(new Call
    {
        Target = _activation.GrainId,
        Method = Tick,
        Arguments = [],
        LocalTarget = this,
        AlwaysInterleave = _options.Interleave,
        KeepsAlive = _options.KeepAlive,
    });

    private static void Check(TimeSpan span, string name)
    {
        if (span != Timeout.InfiniteTimeSpan && (span < TimeSpan.Zero || span.TotalMilliseconds > 0xfffffffe))
        {
            throw new ArgumentOutOfRangeException(name, span, "A timer's times are infinite or from zero to 49 days.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A timer of {Activation} failed; it goes on ticking.")]
    private static partial void LogTickFailed(ILogger logger, Exception failure, Activation activation);
}
