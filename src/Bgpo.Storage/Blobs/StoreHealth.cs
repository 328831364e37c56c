namespace Bgpo.Storage.Blobs;

/// <summary>How a store has been doing for this process.</summary>
/// <param name="Retries">Attempts made again after one failed.</param>
/// <param name="Failures">Operations given up as unavailable.</param>
/// <param name="OpenSince">Since when the circuit breaker has been open (the store counts as unreachable); null while it is
/// closed.</param>
/// <param name="LastError">The newest failed attempt, one line; null before the first.</param>
public sealed record StoreHealth(long Retries, long Failures, DateTimeOffset? OpenSince, string? LastError)
{
    /// <summary>Nothing has failed.</summary>
    public static StoreHealth Good { get; } = new(0, 0, null, null);
}
