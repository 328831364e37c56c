using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Core.Internal;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>One grain, active here: its instance, its turns and the requests that wait for them.</summary>
internal sealed partial class Activation : IGrainContext, ICallChainReentrantGrainContext
{
    private readonly Catalog _catalog;
    private readonly GrainClass _class;
    private readonly ILogger _logger;
    private readonly ActivationScheduler _scheduler;
    private readonly AsyncServiceScope _scope;
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards what other threads touch: the inbox and whether it is still open.
    private readonly Lock _inboxLock = new();
    private readonly Queue<Call> _inbox = new();
    private bool _pumpQueued;
    private bool _closed;

    // Touched by turns only.
    private readonly LinkedList<Call> _waiting = new();
    private readonly List<Call> _blocking = [];
    private readonly HashSet<GrainTimer> _timers = [];
    private Dictionary<Guid, int>? _reentrantSections;
    private StreamHost? _streams;
    private State _state = State.Creating;
    private DeactivationReason _reason;
    private TaskCompletionSource? _idle;
    private int _running;
    private bool _dispatching;

    // Read by the collector.
    private long _lastUse;
    private long _keepAliveUntil = long.MinValue;
    private int _busy;

    public Activation(Catalog catalog, GrainClass grainClass, GrainId id, ILogger logger)
    {
        _catalog = catalog;
        _class = grainClass;
        _logger = logger;
        _scheduler = new ActivationScheduler(this);
        _scope = catalog.Services.CreateAsyncScope();
        _scope.ServiceProvider.GetRequiredService<ActivationSlot>().Context = this;
        _lastUse = catalog.Time.GetTimestamp();
        GrainId = id;
        Type interfaceType = Array.Find(grainClass.Type.GetInterfaces(), candidate =>
            typeof(IGrain).IsAssignableFrom(candidate) && candidate != typeof(IGrain)) ?? typeof(IGrain);
        GrainReference = (GrainReference)catalog.References.Create(id, interfaceType);
    }

    private enum State
    {
        Creating,
        Active,
        Deactivating,
        Gone,
    }

    public GrainId GrainId { get; }

    public GrainReference GrainReference { get; }

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => _scope.ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    public GrainClass Class => _class;

    /// <summary>Whether the directory knows of this activation; under its lock while the activation is made.</summary>
    public bool IsListed { get; set; }

    public Catalog Catalog => _catalog;

    public ILogger Logger => _logger;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override string ToString() => $"[{GrainId}]";

    /// <summary>Takes a request; false if the activation is gone, so that the caller looks for another.</summary>
    public bool TryReceive(Call call)
    {
        call.Holder = this;
        lock (_inboxLock)
        {
            if (_closed)
            {
                call.Holder = null;
                return false;
            }

            _inbox.Enqueue(call);
            Volatile.Write(ref _busy, 1);
            if (_pumpQueued)
            {
                return true;
            }

            _pumpQueued = true;
        }

        Post(static activation => ((Activation)activation!).Pump(), this);
        return true;
    }

    /// <summary>Runs <paramref name="work"/> in a turn of its own.</summary>
    public void Post(Action<object?> work, object? state)
    {
        // A turn must not inherit what flows with whoever caused it.
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        new Task(work, state).Start(_scheduler);
    }

    public void OnEnterReentrantSection(Guid reentrancyId)
    {
        _reentrantSections ??= [];
        _reentrantSections[reentrancyId] = _reentrantSections.GetValueOrDefault(reentrancyId) + 1;
    }

    public void OnExitReentrantSection(Guid reentrancyId)
    {
        if (_reentrantSections is not null && _reentrantSections.TryGetValue(reentrancyId, out int count))
        {
            if (count == 1)
            {
                _reentrantSections.Remove(reentrancyId);
            }
            else
            {
                _reentrantSections[reentrancyId] = count - 1;
            }
        }
    }

    public IGrainTimer AddTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        GrainTimer timer = new(this, callback, options);
        _timers.Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void RemoveTimer(GrainTimer timer) => _timers.Remove(timer);

    public void DelayDeactivation(TimeSpan span) => Volatile.Write(ref _keepAliveUntil, span <= TimeSpan.Zero && span != Timeout.InfiniteTimeSpan
        ? long.MinValue
        : span == Timeout.InfiniteTimeSpan || span == TimeSpan.MaxValue
            ? long.MaxValue
            : _catalog.Time.GetTimestamp() + (long)(span.TotalSeconds * _catalog.Time.TimestampFrequency));

    /// <summary>Whether nobody has used the grain for its idle period.</summary>
    public bool IsStale(TimeSpan defaultPeriod)
    {
        TimeSpan period = _class.IdlePeriod ?? defaultPeriod;
        return period != Timeout.InfiniteTimeSpan && Volatile.Read(ref _busy) == 0
            && _catalog.Time.GetTimestamp() > Volatile.Read(ref _keepAliveUntil)
            && _catalog.Time.GetElapsedTime(Volatile.Read(ref _lastUse)) >= period;
    }

    private void Pump()
    {
        while (true)
        {
            lock (_inboxLock)
            {
                if (_inbox.Count == 0)
                {
                    _pumpQueued = false;
                    break;
                }

                while (_inbox.TryDequeue(out Call? call))
                {
                    _waiting.AddLast(call);
                }
            }

            Dispatch();
        }
    }

    /// <summary>Starts every waiting request that may run now, the oldest first.</summary>
    private void Dispatch()
    {
        if (_state != State.Active || _dispatching)
        {
            return;
        }

        _dispatching = true;
        try
        {
            LinkedListNode<Call>? node = _waiting.First;
            while (node is not null && _state == State.Active)
            {
                if (!MayRun(node.Value))
                {
                    node = node.Next;
                    continue;
                }

                Call call = node.Value;
                _waiting.Remove(node);
                Begin(call);

                // It may have ended already and freed the grain for those passed over.
                node = _waiting.First;
            }
        }
        finally
        {
            _dispatching = false;
        }
    }

    private bool MayRun(Call incoming)
    {
        if (_running == 0 || incoming.AlwaysInterleave || _blocking.Count == 0 || _class.IsReentrant)
        {
            return true;
        }

        if (incoming.Method.ReadOnly && _blocking.TrueForAll(static running => running.Method.ReadOnly))
        {
            return true;
        }

        if (_reentrantSections is { Count: > 0 } && incoming.ReentrancyId is var chain && chain != Guid.Empty
            && _reentrantSections.ContainsKey(chain))
        {
            return true;
        }

        return _class.HasInterleavePredicate && MayInterleave(incoming);
    }

    private bool MayInterleave(Call incoming)
    {
        try
        {
            return _class.MayInterleave(GrainInstance!, incoming)
                || _blocking.TrueForAll(running => _class.MayInterleave(GrainInstance!, running));
        }
        catch (Exception failure)
        {
            LogPredicateFailed(_logger, failure, this, incoming);
            return false;
        }
    }

    private void Begin(Call call)
    {
        if (call.IsCancelled)
        {
            call.Fail(new OperationCanceledException($"{call} was cancelled before it began."));
            Settle();
            return;
        }

        if (!call.TryCommit())
        {
            Settle();
            return;
        }

        _running++;
        if (!call.AlwaysInterleave)
        {
            _blocking.Add(call);
        }

        Task running = Run(call);
        if (!running.IsCompleted)
        {
            return;
        }

        // Run reports its failures to the caller; a failure of its own would be a defect worth a crash.
        running.GetAwaiter().GetResult();
    }

    private async Task Run(Call call)
    {
        RequestContext.Current = call.Context;
        try
        {
            object target = call.LocalTarget
                ?? (call.Method.Interface.Type == typeof(IStreamExtension) ? _streams ??= new StreamHost(this) : GrainInstance!);
            object? result = await call.Method.Invoke(target, call.Arguments);
            call.Responder?.Complete(call.Method, result, owned: false);
        }
        catch (Exception failure)
        {
            if (call.Responder is null)
            {
                LogOneWayFailed(_logger, failure, call);
            }

            call.Fail(failure);
        }
        finally
        {
            End(call);
        }
    }

    private void End(Call call)
    {
        _running--;
        if (!call.AlwaysInterleave)
        {
            _blocking.Remove(call);
        }

        if (call.KeepsAlive)
        {
            Volatile.Write(ref _lastUse, _catalog.Time.GetTimestamp());
        }

        Settle();
        Dispatch();
    }

    private void Settle()
    {
        if (_running != 0)
        {
            return;
        }

        _idle?.TrySetResult();
        if (_waiting.Count == 0)
        {
            lock (_inboxLock)
            {
                if (_inbox.Count == 0)
                {
                    Volatile.Write(ref _busy, 0);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "One-way call {Call} failed.")]
    private static partial void LogOneWayFailed(ILogger logger, Exception failure, Call call);

    [LoggerMessage(Level = LogLevel.Error, Message = "The MayInterleave predicate of {Activation} failed for {Call}.")]
    private static partial void LogPredicateFailed(ILogger logger, Exception failure, Activation activation, Call call);
}
