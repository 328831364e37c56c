using System.Diagnostics.Metrics;

namespace Bgpo.Storage.Blobs.Resilience;

/// <summary>
/// What the resilience pipelines report through <c>System.Diagnostics.Metrics</c>, meter <see cref="Name"/>, tag <c>store</c>.
/// </summary>
public static class StoreMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Bgpo.Storage";

    private static readonly Meter s_meter = new(Name);

    internal static Counter<long> Retries { get; } = s_meter.CreateCounter<long>(
        "bgpo.store.retries", "{attempt}", "Attempts made again after one failed.");

    internal static Counter<long> Failures { get; } = s_meter.CreateCounter<long>(
        "bgpo.store.failures", "{operation}", "Operations given up as unavailable.");

    internal static UpDownCounter<int> Open { get; } = s_meter.CreateUpDownCounter<int>(
        "bgpo.store.open", "{circuit}", "Circuit breakers that are open.");

    internal static Histogram<double> Duration { get; } = s_meter.CreateHistogram<double>(
        "bgpo.store.duration", "s", "Time an operation took, its retries included.");
}
