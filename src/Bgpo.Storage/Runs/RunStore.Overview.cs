using System.Globalization;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>What a run looks like from the outside.</content>
public sealed partial class RunStore
{
    /// <summary>Looks a run over: one listing, and its newest metrics.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<RunOverview> OverviewAsync(CancellationToken cancellationToken = default)
    {
        string prefix = $"{RunId}/";
        long bytes = 0;
        int metrics = 0;
        List<int> checkpoints = [];
        await foreach (BlobEntry entry in Blobs.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            bytes += entry.Size;
            string name = entry.Name[prefix.Length..];
            if (NumberIn(name, "metrics/") is { } step)
            {
                metrics = Math.Max(metrics, step);
            }
            else if (NumberIn(name, "checkpoints/") is { } version)
            {
                checkpoints.Add(version);
            }
        }
        checkpoints.Sort();
        return new RunOverview(
            Math.Max(metrics, checkpoints.LastOrDefault()), checkpoints, bytes,
            metrics == 0 ? null : await NewestMetricsAsync(metrics, cancellationToken).ConfigureAwait(false));
    }

    private async Task<StoredMetrics?> NewestMetricsAsync(int step, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (StoredMetrics metrics in ReadMetricsAsync(step, cancellationToken).ConfigureAwait(false))
            {
                return metrics;
            }
        }
        catch (CorruptBlobException)
        {
            // An overview shows what can be read; reading the metrics themselves names the bad one.
        }
        return null;
    }

    private static int? NumberIn(string name, string folder) =>
        name.StartsWith(folder, StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(folder.Length..^5), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
