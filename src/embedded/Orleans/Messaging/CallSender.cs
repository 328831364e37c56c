using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>Turns a method call on a reference into a <see cref="Call"/> and a task for its outcome.</summary>
internal sealed class CallSender(ICallRouter router, MessagingOptions options, TimeProvider time)
{
    public TimeSpan ResponseTimeout => options.ResponseTimeout;

    public TimeProvider Time => time;

    public Task<T> Send<T>(GrainReference target, GrainMethod method, object?[] arguments)
    {
        CancellationToken cancellation = default;
        if (method.CancellationIndex >= 0)
        {
            cancellation = (CancellationToken)arguments[method.CancellationIndex]!;
            if (cancellation.IsCancellationRequested)
            {
                return Task.FromCanceled<T>(cancellation);
            }
        }

        PendingCall<T>? pending = method.OneWay ? null : new PendingCall<T>(router);
        try
        {
            method.CopyArguments(arguments);
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }

        Call call = new()
        {
            Target = target.GrainId,
            Method = method,
            Arguments = arguments,
            Context = RequestContext.Current,
            Responder = pending,
            AlwaysInterleave = method.AlwaysInterleave,
        };
        call.BindCancellation();
        if (pending is null)
        {
            router.Route(call);
            return Task.FromResult(default(T)!);
        }

        pending.Begin(call, method.ResponseTimeout ?? options.ResponseTimeout, time, cancellation);
        router.Route(call);
        return pending.Task;
    }
}
