using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Files;

namespace Bgpo.Silo.Devices;

/// <summary>
/// The frozen weights that this silo's devices share: read when the first network needs them, freed with the last.
/// </summary>
public sealed class BaseWeights
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Sha256, ModelConfig Config), (FrozenWeights Weights, int Users)> _held = [];

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
        (string Sha256, ModelConfig Config) key = (adapter.BaseSha256, run.Config);
        FrozenWeights weights;
        lock (_gate)
        {
            (FrozenWeights Weights, int Users) held = _held.TryGetValue(key, out var found) ? found
                : (Load(run, adapter.BaseSha256), 0);
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

    private static FrozenWeights Load(RunContext run, string sha256)
    {
        using var files = ModelFiles.Open(run.Spec.Model.Path);
        files.CheckConfig(run.Config, $"run '{run.Id}'");
        FrozenWeights weights = FrozenWeights.Load(files);
        if (weights.Sha256 == sha256)
        {
            return weights;
        }
        weights.Dispose();
        throw new ModelException(
            $"the weights in {run.Spec.Model.Path} have SHA-256 {weights.Sha256}; run '{run.Id}' is trained on {sha256}.");
    }

    private void Release((string Sha256, ModelConfig Config) key)
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
}
