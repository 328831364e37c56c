
namespace Orleans.Messaging;

/// <summary>A call that somebody in this process waits for, until the outcome, the time-out or the cancellation, whichever is first.</summary>
internal sealed class PendingCall<T>(ICallRouter router)
    : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IResponder
{
    private Call? _call;
    private TimeSpan _timeout;
    private ITimer? _timer;
    private CancellationTokenRegistration _registration;

    /// <summary>Starts to wait for <paramref name="call"/>, at most <paramref name="timeout"/>.</summary>
    public void Begin(Call call, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        _call = call;
        _timeout = timeout;
        if (cancellation.CanBeCanceled)
        {
            _registration = cancellation.UnsafeRegister(
                static (state, token) => ((PendingCall<T>)state!).OnCancelled(token), this);
        }

        if (timeout != Timeout.InfiniteTimeSpan && !Task.IsCompleted)
        {
            using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
            _timer = time.CreateTimer(static state => ((PendingCall<T>)state!).OnTimeout(), this, timeout, Timeout.InfiniteTimeSpan);
            if (Task.IsCompleted)
            {
                _timer.Dispose();
            }
        }
    }

    public void Complete(GrainMethod method, object? result, bool owned)
    {
        try
        {
            if (!owned)
            {
                MessagingInstruments.SentLocalResponse();
            }

            if (TrySetResult((T)(owned ? result : method.CopyResult(result))!))
            {
                Release();
            }
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    public void Fail(Exception exception)
    {
        if (TrySetException(exception))
        {
            Release();
        }
    }

    private void OnTimeout()
    {
        if (TrySetException(new TimeoutException($"Response did not arrive on time in {_timeout} for message: {_call}.")))
        {
            Release();
            router.Cancel(_call!);
        }
    }

    private void OnCancelled(CancellationToken token)
    {
        if (TrySetCanceled(token))
        {
            Release();
            router.Cancel(_call!);
        }
    }

    private void Release()
    {
        _timer?.Dispose();
        _registration.Unregister();
    }
}
