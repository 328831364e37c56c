namespace Bgpo.Storage.Runs;

/// <summary>
/// What a checkpoint's shards hold where a run trains low-rank adapters: matrices over a base that is not in the store.
/// </summary>
/// <param name="BaseSha256">SHA-256 of the base's weights.</param>
/// <param name="Rank">Rank r of the adapters.</param>
/// <param name="Alpha">What alpha / r scales by.</param>
/// <param name="Targets">The projections that have adapters.</param>
public sealed record AdapterManifest(string BaseSha256, int Rank, double Alpha, string Targets);
