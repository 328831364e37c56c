using System.Globalization;
using System.Text;
using Bgpo.Dashboard.Runs;
using Bgpo.Grains;

namespace Bgpo.Dashboard.Web;

/// <summary>The newest step of each active run in Prometheus' text form, under OpenTelemetry's names as Prometheus writes
/// them.</summary>
/// <param name="feed">The runs.</param>
internal sealed class PrometheusText(RunFeed feed)
{
    /// <summary>A run that has ended is still told for this long, so that its last values are scraped.</summary>
    private static readonly TimeSpan s_afterEnd = TimeSpan.FromHours(1);

    /// <summary>Writes it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<string> WriteAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RunRow> runs = await feed.RunsAsync(cancellationToken);
        List<(RunRow Row, StepMetrics Step)> told = [];
        foreach (RunRow row in runs.Where(IsTold))
        {
            if (await feed.FindAsync(row.Run, cancellationToken) is var (_, record))
            {
                RunSteps steps = feed.StepsOf(row.Run);
                await steps.RefreshAsync(record, cancellationToken);
                if (steps.Newest is { } newest)
                {
                    told.Add((row, newest));
                }
            }
        }
        var text = new StringBuilder();
        Write(text, "bgpo_run_state", "What the run is doing: 1 for the state that it is in.",
            runs.Where(IsTold).Select(row => ($"run=\"{Escaped(row.Run)}\",state=\"{StateOf(row)}\"", 1.0)));
        foreach (StepSeries series in StepSeries.All)
        {
            Write(text, NameOf(series), series.Description,
                told.Select(one => ($"run=\"{Escaped(one.Row.Run)}\"", series.Of(one.Step))));
        }
        return text.ToString();
    }

    /// <summary>An instrument's name with its unit.</summary>
    /// <param name="series">The instrument.</param>
    internal static string NameOf(StepSeries series) => series.Instrument.Replace('.', '_') + series.Unit switch
    {
        "s" => "_seconds",
        "1" => "_ratio",
        "MiBy" => "_mebibytes",
        "nat" => "_nats",
        ['{', ..] and [.., '/', 's'] => "_per_second",
        _ => "",
    };

    private static string StateOf(RunRow row) => row.State.ToString().ToLowerInvariant();

    private bool IsTold(RunRow row) => row.State is RunState.Running or RunState.Paused or RunState.Lost
        || feed.Time.GetUtcNow() - row.Updated < s_afterEnd;

    private static void Write(
        StringBuilder text, string name, string description, IEnumerable<(string Labels, double Value)> samples)
    {
        (string Labels, double Value)[] finite = [.. samples.Where(sample => double.IsFinite(sample.Value))];
        if (finite.Length == 0)
        {
            return;
        }
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {description}\n# TYPE {name} gauge\n");
        foreach ((string labels, double value) in finite)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value:R}\n");
        }
    }

    private static string Escaped(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
