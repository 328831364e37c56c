namespace Bgpo.Spec;

/// <summary>Task <c>http</c>: a service that scores, by one POST a completion.</summary>
public sealed record HttpSection
{
    /// <summary>Where to.</summary>
    [Pattern("https?://.+|", "an address that begins with http:// or https://")]
    public string Url { get; init; } = "";

    /// <summary>Seconds that one attempt may take.</summary>
    [Range(0.01, 86_400)]
    public double Timeout { get; init; } = 10;

    /// <summary>
    /// Further attempts where there is no answer in time, no connection, or a status of 5xx, 408 or 429; with pauses that double
    /// from half a second on. Any other status fails at once.
    /// </summary>
    [Range(0, 100)]
    public int Retries { get; init; } = 3;
}
