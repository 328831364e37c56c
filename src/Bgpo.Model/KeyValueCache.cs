using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// Keys, turned by their positions, and values of places that were read before: (B, K, T, E) each, a pair for each block of the
/// network.
/// </summary>
/// <param name="layers">Blocks of the network.</param>
internal sealed class KeyValueCache(int layers) : IDisposable
{
    private readonly (Tensor Key, Tensor Value)?[] _kept = new (Tensor, Tensor)?[layers];

    /// <summary>What was kept, and behind it what is read now.</summary>
    /// <param name="layer">The network's block.</param>
    /// <param name="key">Keys read now.</param>
    /// <param name="value">Values read now.</param>
    /// <param name="keeps">Whether these are kept, too.</param>
    public (Tensor Key, Tensor Value) Extend(int layer, Tensor key, Tensor value, bool keeps)
    {
        if (_kept[layer] is { } before)
        {
            (key, value) = (cat([before.Key, key], 2), cat([before.Value, value], 2));
        }
        if (keeps)
        {
            Free(layer);
            _kept[layer] = (key.clone().DetachFromDisposeScope(), value.clone().DetachFromDisposeScope());
        }
        return (key, value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int layer = 0; layer < _kept.Length; layer++)
        {
            Free(layer);
        }
    }

    private void Free(int layer)
    {
        _kept[layer]?.Key.Dispose();
        _kept[layer]?.Value.Dispose();
        _kept[layer] = null;
    }
}
