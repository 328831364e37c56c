using Microsoft.Extensions.Logging;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>How an activation begins and ends.</summary>
internal sealed partial class Activation
{
    /// <summary>Makes the grain and runs its <c>OnActivateAsync</c>; requests wait for it.</summary>
    public void Start(Dictionary<string, object>? context) =>
        Post(static state =>
        {
            (Activation activation, Dictionary<string, object>? context) = ((Activation, Dictionary<string, object>?))state!;
            activation.Observe(activation.ActivateAsync(context));
        }, (this, context));

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) =>
        Post(static state =>
        {
            (Activation activation, DeactivationReason reason, CancellationToken token) =
                ((Activation, DeactivationReason, CancellationToken))state!;
            activation.BeginDeactivation(reason, token);
        }, (this, deactivationReason, cancellationToken));

    private async Task ActivateAsync(Dictionary<string, object>? context)
    {
        RequestContext.Current = context;
        try
        {
            GrainInstance = _class.Construct(ActivationServices);
            using CancellationTokenSource timeout = new(_catalog.Options.ActivationTimeout, _catalog.Time);
            await ((IGrainBase)GrainInstance).OnActivateAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception failure)
        {
            LogActivationFailed(_logger, failure, this);
            if (_state != State.Creating)
            {
                _idle?.TrySetResult();
                return;
            }

            _state = State.Deactivating;
            _reason = new(DeactivationReasonCode.ActivationFailed, failure, "Failed to activate the grain.");
            StopTimers();
            await CloseAsync(failure);
            return;
        }

        if (_state != State.Creating)
        {
            // Deactivation was asked for meanwhile; it waits for this.
            _idle?.TrySetResult();
            return;
        }

        _state = State.Active;
        _lastUse = _catalog.Time.GetTimestamp();
        Settle();
        Dispatch();
    }

    private void BeginDeactivation(DeactivationReason reason, CancellationToken cancellation)
    {
        if (_state is State.Deactivating or State.Gone)
        {
            return;
        }

        bool activating = _state == State.Creating;
        _state = State.Deactivating;
        _reason = reason;
        Observe(DeactivateAsync(activating, cancellation));
    }

    private async Task DeactivateAsync(bool activating, CancellationToken cancellation)
    {
        using CancellationTokenSource timeout =
            CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using ITimer timer = _catalog.Time.CreateTimer(
            static source => ((CancellationTokenSource)source!).Cancel(), timeout, _catalog.Options.DeactivationTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            StopTimers();
            _streams?.StopAll();
            if (_running > 0 || activating)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await _idle.Task.WaitAsync(timeout.Token);
            }
        }
        catch (OperationCanceledException)
        {
            LogStillRunning(_logger, this, _catalog.Options.DeactivationTimeout, string.Join("; ", _blocking));
        }

        try
        {
            if (GrainInstance is IGrainBase grain)
            {
                RequestContext.Clear();
                await grain.OnDeactivateAsync(_reason, timeout.Token).WaitAsync(timeout.Token);
            }
        }
        catch (Exception failure)
        {
            LogDeactivationFailed(_logger, failure, this);
        }

        StopTimers();
        await CloseAsync(null);
    }

    /// <summary>Leaves the catalog and passes on what still waits: to a new activation, or the failure to the callers.</summary>
    private async Task CloseAsync(Exception? failure)
    {
        try
        {
            if (GrainInstance is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (GrainInstance as IDisposable)?.Dispose();
            }

            await _scope.DisposeAsync();
        }
        catch (Exception disposal)
        {
            LogDeactivationFailed(_logger, disposal, this);
        }

        try
        {
            await _catalog.ForgetAsync(this);
        }
        catch (Exception unknown)
        {
            // The directory cannot be told, for its owner is gone: the next owner asks who has what.
            LogDeactivationFailed(_logger, unknown, this);
        }

        _state = State.Gone;
        List<Call> rest = [.. _waiting];
        _waiting.Clear();
        lock (_inboxLock)
        {
            _closed = true;
            rest.AddRange(_inbox);
            _inbox.Clear();
        }

        foreach (Call call in rest.Where(call => call.LocalTarget is null))
        {
            call.Holder = null;
            if (failure is not null)
            {
                call.Fail(failure);
            }
            else if (call.Method.Interface.Type == typeof(IStreamExtension) && call.Method.Info.Name != nameof(IStreamExtension.Start))
            {
                call.Fail(new EnumerationAbortedException($"Enumeration aborted: {this} was deactivated ({_reason.Description})"));
            }
            else
            {
                _catalog.Router.Reroute(call);
            }
        }

        _deactivated.TrySetResult();
    }

    private void StopTimers()
    {
        foreach (GrainTimer timer in _timers.ToArray())
        {
            timer.Dispose();
        }
    }

    private async void Observe(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception failure)
        {
            LogDeactivationFailed(_logger, failure, this);
            _deactivated.TrySetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Activation} failed to activate.")]
    private static partial void LogActivationFailed(ILogger logger, Exception failure, Activation activation);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Activation} failed while it was deactivated.")]
    private static partial void LogDeactivationFailed(ILogger logger, Exception failure, Activation activation);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Activation} is deactivated although requests still run after {Timeout}: {Calls}.")]
    private static partial void LogStillRunning(ILogger logger, Activation activation, TimeSpan timeout, string calls);
}
