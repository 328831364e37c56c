using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Files;
using static TorchSharp.torch;

namespace Bgpo.Silo.Devices;

/// <summary>
/// The frozen weights that this silo's devices share: read when the first network needs them, freed with the last.
/// </summary>
public sealed class BaseWeights
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Key, (FrozenWeights Weights, int Users)> _held = [];

    /// <summary>A network of a run: of its own weights, or of adapters over shared ones.</summary>
    /// <param name="run">The run.</param>
    /// <param name="on">The device that it lives on, <c>cuda:0</c>.</param>
    /// <returns>The network, and what gives its share of the weights back.</returns>
    /// <exception cref="ModelException">The base is not the run's.</exception>
    public (Transformer Network, Action Release) NewNetwork(RunContext run, string on)
    {
        if (run.Adapter is not { } adapter)
        {
            return (new Transformer(run.Config, device(on)), static () => { });
        }
        Key key = new(adapter.BaseSha256, run.Config, on);
        FrozenWeights weights;
        lock (_gate)
        {
            (FrozenWeights Weights, int Users) held = _held.TryGetValue(key, out var found) ? found
                : (Load(run, adapter.BaseSha256, on), 0);
            _held[key] = held with { Users = held.Users + 1 };
            weights = held.Weights;
        }
        try
        {
            return (new Transformer(weights, run.Lora), () => Release(key));
        }
        catch
        {
            Release(key);
            throw;
        }
    }

    private static FrozenWeights Load(RunContext run, string sha256, string on)
    {
        using var files = ModelFiles.Open(run.Spec.Model.Path);
        files.CheckConfig(run.Config, $"run '{run.Id}'");
        FrozenWeights weights = FrozenWeights.Load(files, device(on));
        if (weights.Sha256 == sha256)
        {
            return weights;
        }
        weights.Dispose();
        throw new ModelException(
            $"the weights in {run.Spec.Model.Path} have SHA-256 {weights.Sha256}; run '{run.Id}' is trained on {sha256}.");
    }

    private void Release(Key key)
    {
        lock (_gate)
        {
            (FrozenWeights weights, int users) = _held[key];
            if (users > 1)
            {
                _held[key] = (weights, users - 1);
                return;
            }
            _held.Remove(key);
            weights.Dispose();
        }
    }

    /// <summary>Weights that devices can share.</summary>
    private sealed record Key(string Sha256, ModelConfig Config, string Device);
}
