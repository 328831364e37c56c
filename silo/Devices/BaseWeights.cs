using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Files;

namespace Bgpo.Silo.Devices;

/// <summary>The frozen weights that this silo's devices share: read when the first network needs them, freed with the last.</summary>
public sealed class BaseWeights
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (FrozenWeights Weights, int Users)> _held = [];

    /// <summary>A network of a run: of its own weights, or of adapters over shared ones.</summary>
    /// <param name="run">The run.</param>
    /// <returns>The network, and what gives its share of the weights back.</returns>
    /// <exception cref="ModelException">The base is not the run's.</exception>
    public (Transformer Network, Action Release) NewNetwork(RunContext run)
    {
        if (run.Adapter is not { } adapter)
        {
            return (new Transformer(run.Config), static () => { });
        }
        FrozenWeights weights;
        lock (_gate)
        {
            (FrozenWeights Weights, int Users) held =
                _held.TryGetValue(adapter.BaseSha256, out var found) ? found : (Load(run, adapter.BaseSha256), 0);
            _held[adapter.BaseSha256] = held with { Users = held.Users + 1 };
            weights = held.Weights;
        }
        return (new Transformer(weights, run.Lora), () => Release(adapter.BaseSha256));
    }

    private static FrozenWeights Load(RunContext run, string sha256)
    {
        using var files = ModelFiles.Open(run.Spec.Model.Path);
        FrozenWeights weights = FrozenWeights.Load(files);
        if (weights.Sha256 == sha256)
        {
            return weights;
        }
        weights.Dispose();
        throw new ModelException($"the weights in {run.Spec.Model.Path} have SHA-256 {weights.Sha256}; run '{run.Id}' is trained on {sha256}.");
    }

    private void Release(string sha256)
    {
        lock (_gate)
        {
            (FrozenWeights weights, int users) = _held[sha256];
            if (users > 1)
            {
                _held[sha256] = (weights, users - 1);
                return;
            }
            _held.Remove(sha256);
            weights.Dispose();
        }
    }
}
