using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>A checkpoint of a run.</summary>
/// <param name="Version">Its version.</param>
internal sealed record CheckpointRow(int Version)
{
    /// <summary>When it was saved.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Shards in it.</summary>
    public int? Shards { get; init; }

    /// <summary>Bytes of its weights and moments, without what the files' headers take.</summary>
    public long? Bytes { get; init; }

    /// <summary>The weights' hash.</summary>
    public string? WeightsSha256 { get; init; }

    /// <summary>What is wrong with it; null: nothing that its manifest shows.</summary>
    public string? Fault { get; init; }

    /// <summary>The command that goes on from it as a new run.</summary>
    public required string Fork { get; init; }

    /// <summary>The command that writes its model to a folder.</summary>
    public required string Export { get; init; }

    /// <summary>Reads a run's checkpoints, newest first.</summary>
    /// <param name="store">The run.</param>
    /// <param name="console">Writes command lines.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<IReadOnlyList<CheckpointRow>> ReadAsync(
        RunStore store, IRunConsole console, CancellationToken cancellationToken)
    {
        List<CheckpointRow> rows = [];
        foreach (int version in (await store.ListCheckpointsAsync(cancellationToken)).Reverse())
        {
            string name = $"{store.RunId}@{version}";
            var row = new CheckpointRow(version)
            {
                Fork = console.CommandLine("train", "--fork", name, "--store", store.Blobs.Location),
                Export = console.CommandLine(
                    "export", name, "--out", $"{store.RunId}-{version}", "--store", store.Blobs.Location),
            };
            rows.Add(await ReadAsync(row, store, cancellationToken));
        }
        return rows;
    }

    private static async Task<CheckpointRow> ReadAsync(CheckpointRow row, RunStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadManifestAsync(row.Version, cancellationToken) is not { } manifest
                ? row with { Fault = "its manifest is gone" }
                : row with
                {
                    Created = manifest.Created,
                    Shards = manifest.Shards.Count,
                    Bytes = manifest.Shards.Sum(shard => (long)shard.Elements * sizeof(float) * (shard.Moments is null ? 1 : 3)),
                    WeightsSha256 = manifest.WeightsSha256,
                };
        }
        catch (StorageException e) when (e is CorruptBlobException or NewerFormatException)
        {
            return row with { Fault = e.Message };
        }
    }
}
