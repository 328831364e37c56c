namespace Bgpo.Storage.Blobs.Resilience;

/// <summary>How long a store is tried before it counts as unavailable, and how.</summary>
public sealed record StorePatience
{
    /// <summary>For stores behind a network.</summary>
    public static StorePatience Network { get; } = new();

    /// <summary>For local folders: what fails there seldom heals in seconds.</summary>
    public static StorePatience Folder { get; } = new()
    {
        Total = TimeSpan.FromSeconds(2),
        FirstContact = TimeSpan.FromSeconds(1),
        // A folder's calls block in the kernel and cannot be given up.
        Attempt = TimeSpan.FromHours(1),
    };

    /// <summary>Time after which a failed attempt is not followed by another.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The same as long as the store has never answered: then the location is probably wrong, and somebody waits for the word.
    /// </summary>
    public TimeSpan FirstContact { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for one attempt, apart from the bytes it carries.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes a second below which a transfer counts as hung.</summary>
    public long SlowestTransfer { get; init; } = 256 * 1024;

    /// <summary>First delay between attempts, on the average; doubled from one to the next, with jitter.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest delay between attempts.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Attempts within <see cref="BreakerWindow"/> that must be there, at least half of them failed, to open the circuit.
    /// </summary>
    public int BreakerAttempts { get; init; } = 4;

    /// <summary>The time over which the circuit breaker counts.</summary>
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the circuit stays open before one attempt probes the store.</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(2);
}
