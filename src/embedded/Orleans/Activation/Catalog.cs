using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>The activations of this silo, one for each grain id, and the collector of idle ones.</summary>
internal sealed class Catalog(
    GrainTypeRegistry types, GrainCollectionOptions options, TimeProvider time, IServiceProvider services, ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly Lock _createLock = new();
    private readonly ILogger _logger = loggers.CreateLogger("Orleans.Grain");
    private ITimer? _collector;
    private bool _stopping;

    public GrainCollectionOptions Options => options;

    public TimeProvider Time => time;

    public IServiceProvider Services => services;

    public GrainReferenceFactory References { get; set; } = null!;

    public ICallRouter Router { get; set; } = null!;

    /// <summary>Called when an activation has left, before its waiting requests are sent on.</summary>
    public Func<Activation, Task>? Left { get; set; }

    public ICollection<Activation> Activations => _activations.Values;

    public int Count => _activations.Count;

    public Activation? Find(GrainId id) => _activations.GetValueOrDefault(id);

    /// <summary>The activation of <paramref name="id"/>, made now if there is none; null once the silo stops.</summary>
    /// <exception cref="OrleansException">This process has no such class.</exception>
    public Activation? GetOrCreate(GrainId id, Dictionary<string, object>? context, bool listed)
    {
        if (_activations.TryGetValue(id, out Activation? known))
        {
            return known;
        }

        GrainClass grainClass = types.Find(id.Type)
            ?? throw new OrleansException($"This silo has no grain class \"{id.Type}\", wanted by a call of {id}.");
        lock (_createLock)
        {
            if (_activations.TryGetValue(id, out known))
            {
                return known;
            }

            if (_stopping)
            {
                return null;
            }

            Activation made = new(this, grainClass, id, _logger) { IsListed = listed };
            _activations[id] = made;
            made.Start(context);
            return made;
        }
    }

    public async Task ForgetAsync(Activation activation)
    {
        try
        {
            if (Left is { } left)
            {
                await left(activation);
            }
        }
        finally
        {
            _activations.TryRemove(new(activation.GrainId, activation));
        }
    }

    public void StartCollecting() =>
        _collector = time.CreateTimer(_ => Collect(), null, options.CollectionQuantum, options.CollectionQuantum);

    /// <summary>Deactivates every grain and makes no more.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        _collector?.Dispose();
        lock (_createLock)
        {
            _stopping = true;
        }

        // A grain on its way out may still wake another for a moment; go on until nobody is left.
        while (!_activations.IsEmpty)
        {
            Activation[] live = [.. _activations.Values];
            foreach (Activation activation in live)
            {
                activation.Deactivate(new(DeactivationReasonCode.ShuttingDown, "This process is terminating."), cancellation);
            }

            await Task.WhenAll(live.Select(activation => activation.Deactivated)).WaitAsync(cancellation);
        }
    }

    private void Collect()
    {
        foreach ((GrainId id, Activation activation) in _activations)
        {
            TimeSpan period = options.ClassSpecificCollectionAge.TryGetValue(activation.Class.Type.FullName!, out TimeSpan own)
                ? own
                : options.CollectionAge;
            if (activation.IsStale(period))
            {
                activation.Deactivate(new(DeactivationReasonCode.ActivationIdle, $"{id} was idle for its collection age."));
            }
        }
    }
}
