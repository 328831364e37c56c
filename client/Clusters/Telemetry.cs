using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs.Resilience;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Bgpo.Client.Clusters;

/// <summary>
/// Sends this process's meters by OTLP where the standard variables of OpenTelemetry ask for it: OTEL_EXPORTER_OTLP_ENDPOINT (or
/// OTEL_EXPORTER_OTLP_METRICS_ENDPOINT), or OTEL_METRICS_EXPORTER=otlp for the usual endpoint. All other OTEL_* variables mean what they
/// mean everywhere.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private const int FarewellMilliseconds = 2000;

    private readonly MeterProvider _provider;

    private Telemetry(MeterProvider provider) => _provider = provider;

    /// <summary>Whether the environment asks for it.</summary>
    /// <param name="variable">Reads an environment variable.</param>
    internal static bool IsWanted(Func<string, string?> variable)
    {
        if (string.Equals(variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return variable("OTEL_METRICS_EXPORTER") is { Length: > 0 } exporter
            ? exporter.Split(',').Contains("otlp")
            : variable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } || variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") is { Length: > 0 };
    }

    /// <summary>Starts sending, where the environment asks for it; null where it does not.</summary>
    /// <param name="instance">What tells this process from others: the silo's name.</param>
    internal static Telemetry? Start(string instance) => !IsWanted(Environment.GetEnvironmentVariable) ? null : new Telemetry(
        Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("bgpo", serviceInstanceId: instance).AddEnvironmentVariableDetector())
            .AddMeter(RunMeter.Name, StoreMeter.Name, "System.Runtime")
            .AddOtlpExporter()
            .Build());

    /// <summary>Sends what is left, without waiting long for a collector that does not answer.</summary>
    public void Dispose()
    {
        _ = _provider.Shutdown(FarewellMilliseconds);
        _provider.Dispose();
    }
}
