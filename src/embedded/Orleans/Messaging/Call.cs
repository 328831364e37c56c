using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Messaging;

/// <summary>A request on its way to a grain, or running in it.</summary>
internal sealed class Call : IInvokable
{
    private const int Free = 0;
    private const int Committed = 1;
    private const int Withdrawn = 2;

    // Owns no timer and no handle, so there is nothing to dispose of.
    private CancellationTokenSource? _cancellation;
    private bool _cancelled;
    private int _fate;

    public required GrainId Target { get; init; }

    public required GrainMethod Method { get; init; }

    /// <summary>The arguments: the receiver's own, or immutable.</summary>
    public required object?[] Arguments { get; init; }

    /// <summary>What flows with the call: see <see cref="Runtime.RequestContext"/>.</summary>
    public Dictionary<string, object>? Context { get; init; }

    /// <summary>Who waits for the result; null for a one-way call.</summary>
    public IResponder? Responder { get; init; }

    /// <summary>What to call instead of the grain: a timer's tick.</summary>
    public object? LocalTarget { get; init; }

    /// <summary>Whether the call may run between the turns of others.</summary>
    public bool AlwaysInterleave { get; init; }

    /// <summary>Whether the call counts as use of the grain.</summary>
    public bool KeepsAlive { get; init; } = true;

    /// <summary>How often the call was sent on because its target was not where it should be.</summary>
    public int Forwards { get; set; }

    /// <summary>Whether the call was sent to a silo that its sender only remembers, not one that it found just now.</summary>
    public bool IsGuess { get; set; }

    /// <summary>Where the call waits for its answer from, if it was sent to another process.</summary>
    public Connection? SentOver { get; set; }

    /// <summary>Where the call came from, if from another process.</summary>
    public Connection? Origin { get; init; }

    /// <summary>Its number where it was sent.</summary>
    public long SentAs { get; set; }

    /// <summary>The activation that has the call, if any.</summary>
    public Activation? Holder { get; set; }

    /// <summary>Whether the call runs here or was sent on, so that it cannot be handed back.</summary>
    public bool IsCommitted => Volatile.Read(ref _fate) == Committed;

    public bool IsCancelled => Volatile.Read(ref _cancelled);

    /// <summary>The call chain that may re-enter, or empty.</summary>
    public Guid ReentrancyId =>
        Context is not null && Context.TryGetValue(RequestContext.ReentrancyHeader, out object? id) && id is Guid chain ? chain : default;

    /// <summary>Says that the call is about to run or to be sent; false if it was handed back and is no longer this silo's.</summary>
    public bool TryCommit() => Interlocked.CompareExchange(ref _fate, Committed, Free) != Withdrawn;

    /// <summary>Says that the call came back without having run.</summary>
    public void Return() => Interlocked.CompareExchange(ref _fate, Free, Committed);

    /// <summary>Takes the call from this silo, so that its sender may send it elsewhere; false if it runs already.</summary>
    public bool TryWithdraw() => Interlocked.CompareExchange(ref _fate, Withdrawn, Free) == Free;

    /// <summary>Puts a token of this call's own among the arguments, so that the caller can cancel from afar.</summary>
    public void BindCancellation()
    {
        if (Method.CancellationIndex >= 0)
        {
            _cancellation = new CancellationTokenSource();
            Arguments[Method.CancellationIndex] = _cancellation.Token;
        }
    }

    /// <summary>Cancels the call: its token, in a turn of the grain if it has begun.</summary>
    public void Cancel()
    {
        Volatile.Write(ref _cancelled, true);
        if (_cancellation is null)
        {
            return;
        }

        if (Holder is { } holder)
        {
            holder.Post(static source => ((CancellationTokenSource)source!).Cancel(), _cancellation);
        }
        else
        {
            _cancellation.Cancel();
        }
    }

    public void Fail(Exception exception) => Responder?.Fail(exception);

    public int GetArgumentCount() => Arguments.Length;

    public object? GetArgument(int index) => Arguments[index];

    public string GetMethodName() => Method.Info.Name;

    public string GetInterfaceName() => Method.Interface.Type.Name;

    public MethodInfo GetMethod() => Method.Info;

    public Type GetInterfaceType() => Method.Interface.Type;

    public TimeSpan? GetDefaultResponseTimeout() => Method.ResponseTimeout;

    public CancellationToken GetCancellationToken() =>
        Method.CancellationIndex < 0 ? default : (CancellationToken)Arguments[Method.CancellationIndex]!;

    public override string ToString() => $"{Method} on {Target}";
}

/// <summary>Where the outcome of a call goes.</summary>
internal interface IResponder
{
    /// <summary>
    /// Takes the result; unless it is <paramref name="owned"/> by the receiver it is copied or serialized before this returns, for the
    /// grain may change it later.
    /// </summary>
    void Complete(GrainMethod method, object? result, bool owned);

    void Fail(Exception exception);
}

/// <summary>Brings calls to where their grains are.</summary>
internal interface ICallRouter
{
    void Route(Call call);

    /// <summary>Sends on a call that its grain has not run because it is gone.</summary>
    void Reroute(Call call);

    /// <summary>Tells the grain that its caller no longer wants the outcome.</summary>
    void Cancel(Call call);
}
