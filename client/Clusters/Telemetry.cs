using System.Diagnostics.Tracing;
using System.Globalization;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs.Resilience;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Bgpo.Client.Clusters;

/// <summary>
/// Sends this process's meters by OTLP where the standard variables of OpenTelemetry ask for it: OTEL_EXPORTER_OTLP_ENDPOINT (or
/// OTEL_EXPORTER_OTLP_METRICS_ENDPOINT), or OTEL_METRICS_EXPORTER=otlp for the usual endpoint. All other OTEL_* variables mean
/// what they mean everywhere. What cannot be sent is told once, and ends nothing.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private const int FarewellMilliseconds = 2000;
    private const string Exporter = "OTEL_EXPORTER_OTLP_";

    private readonly FailureListener _failures;
    private readonly MeterProvider _provider;

    private Telemetry(FailureListener failures, MeterProvider provider) => (_failures, _provider) = (failures, provider);

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
            : variable(Exporter + "ENDPOINT") is { Length: > 0 } || variable(Exporter + "METRICS_ENDPOINT") is { Length: > 0 };
    }

    /// <summary>Refuses variables that the SDK would pass over: then metrics would go elsewhere than asked, or nowhere.</summary>
    /// <param name="variable">Reads an environment variable.</param>
    /// <exception cref="BadInputException">One has a value that cannot be meant.</exception>
    internal static void Check(Func<string, string?> variable)
    {
        if (!IsWanted(variable))
        {
            return;
        }

        foreach (string signal in new[] { "", "METRICS_" })
        {
            Check(variable, $"{Exporter}{signal}ENDPOINT", IsAddress, "an address such as http://localhost:4317");
            Check(
                variable, $"{Exporter}{signal}PROTOCOL", static text =>
                    text is "grpc" or "http/protobuf", "grpc or http/protobuf");
            Check(variable, $"{Exporter}{signal}TIMEOUT", IsMilliseconds, "milliseconds, a whole number above 0");
            Check(variable, $"{Exporter}{signal}COMPRESSION", static text => text is "none" or "gzip", "none or gzip");
            Check(
                variable, $"{Exporter}{signal}HEADERS", ArePairs, "key=value pairs, separated by commas", isSecret: true);
        }
        Check(variable, "OTEL_METRIC_EXPORT_INTERVAL", IsMilliseconds, "milliseconds, a whole number above 0");
        Check(variable, "OTEL_METRIC_EXPORT_TIMEOUT", IsMilliseconds, "milliseconds, a whole number above 0");
    }

    /// <summary>Starts sending, where the environment asks for it; null where it does not.</summary>
    /// <param name="instance">What tells this process from others: the silo's name.</param>
    /// <param name="say">Told once, in a line, when the collector takes nothing.</param>
    /// <exception cref="BadInputException">A variable has a value that cannot be meant.</exception>
    internal static Telemetry? Start(string instance, Action<string> say)
    {
        if (!IsWanted(Environment.GetEnvironmentVariable))
        {
            return null;
        }

        Check(Environment.GetEnvironmentVariable);
        return new Telemetry(
            new FailureListener(say),
            Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(
                    ResourceBuilder.CreateEmpty().AddService("bgpo", serviceInstanceId: instance)
                        .AddEnvironmentVariableDetector())
                .AddMeter(RunMeter.Name, StoreMeter.Name, "System.Runtime")
                .AddOtlpExporter()
                .Build());
    }

    /// <summary>Sends what is left, without waiting long for a collector that does not answer.</summary>
    public void Dispose()
    {
        _ = _provider.Shutdown(FarewellMilliseconds);
        _provider.Dispose();
        _failures.Dispose();
    }

    private static void Check(
        Func<string, string?> variable, string name, Predicate<string> isValid, string expected, bool isSecret = false)
    {
        if (variable(name) is { Length: > 0 } text && !isValid(text))
        {
            string value = isSecret ? "" : $": value '{text}'";
            throw new BadInputException($"environment variable {name}{value}: expected {expected}");
        }
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.Host.Length > 0;

    private static bool ArePairs(string text) => Array.TrueForAll(text.Split(','), static pair => pair.IndexOf('=') > 0);

    private static bool IsMilliseconds(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds > 0;

    /// <summary>Hears from the exporter that something could not be sent. It says so of every attempt; this tells the
    /// first.</summary>
    /// <param name="say">Told.</param>
    private sealed class FailureListener(Action<string> say) : EventListener
    {
        private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";
        private const int Longest = 300;

        private int _told;

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Source)
            {
                EnableEvents(eventSource, EventLevel.Warning); // a call by gRPC that fails is a warning
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            // Counters that somebody asks for come along with no level at all.
            bool isFailure = eventData.EventSource.Name == Source
                && eventData.Level is EventLevel.Critical or EventLevel.Error or EventLevel.Warning;
            if (isFailure && Interlocked.Exchange(ref _told, 1) == 0)
            {
                string reason = Reason(eventData);
                say($"metrics are not taken by the OTLP collector; this is said once, and training goes on without: {reason}");
            }
        }

        private static string Reason(EventWrittenEventArgs happened)
        {
            string format = happened.Message ?? happened.EventName ?? "";
            string text = string.Format(CultureInfo.InvariantCulture, format, [.. happened.Payload ?? []]);
            string line = text.Split(['\r', '\n'], 2)[0].TrimEnd();
            return line.Length > Longest ? line[..Longest] + "..." : line;
        }
    }
}
