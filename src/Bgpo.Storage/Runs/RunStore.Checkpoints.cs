using Bgpo.Safetensors;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Checkpoints: content-addressed shard blobs, and a manifest that is written last.</content>
public sealed partial class RunStore
{
    private const int ShardsAtOnce = 3;
    private const int BlobsAtOnce = ShardsAtOnce * 2;

    /// <summary>Bounds a process's memory to a few shards while their transfers overlap, whoever asks for them.</summary>
    private static readonly SemaphoreSlim s_moving = new(ShardsAtOnce);

    private const string WeightsTensor = "weights";
    private const string FirstMomentTensor = "m";
    private const string SecondMomentTensor = "v";

    /// <summary>Writes a shard's blobs. What is stored already, whole, is not written again.</summary>
    /// <param name="shard">The shard; moments as long as the weights, or both empty.</param>
    /// <param name="before">What the caller saved of the shard last, or loaded; null: nothing. What is the same is not even sent
    /// again.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the blobs are durable.</param>
    /// <returns>The entry for the manifest.</returns>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public async Task<ShardEntry> SaveShardAsync(
        ShardState shard, ShardEntry? before = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shard);
        int elements = shard.Weights.Length;
        if (shard.M.Length != shard.V.Length || (shard.M.Length != elements && shard.M.Length != 0))
        {
            throw new ArgumentException(
                $"Shard {shard.Index} has {elements} weights but {shard.M.Length} and {shard.V.Length} moments; "
                + "expected as many, or none.",
                nameof(shard));
        }
        await s_moving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The moments are hashed while the weights are on their way, and the weights' digest is made while both are.
            Task<string> weights = SaveWeightsAsync(shard, before?.Weights, cancellationToken);
            Task<string?> moments = SaveMomentsAsync(shard, before?.Moments, cancellationToken);
            string digest = Convert.ToHexStringLower(WeightsHash.Digest(shard.Weights));
            await Task.WhenAll((Task)weights, moments).ConfigureAwait(false);
            return new ShardEntry(
                shard.Index, elements, await weights.ConfigureAwait(false), digest, await moments.ConfigureAwait(false));
        }
        finally
        {
            s_moving.Release();
        }
    }

    private async Task<string> SaveWeightsAsync(ShardState shard, string? known, CancellationToken cancellationToken)
    {
        FaultPoint.Hit(StorageFaults.WeightsBefore);
        string hash = await SaveTensorsAsync(
            [SafetensorsTensor.FromSingles(WeightsTensor, [shard.Weights.Length], shard.Weights)], known, cancellationToken)
                .ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.WeightsAfter);
        return hash;
    }

    private async Task<string?> SaveMomentsAsync(ShardState shard, string? known, CancellationToken cancellationToken)
    {
        if (shard.M.Length == 0)
        {
            return null;
        }

        FaultPoint.Hit(StorageFaults.MomentsBefore);
        string hash = await SaveTensorsAsync(
            [
                SafetensorsTensor.FromSingles(FirstMomentTensor, [shard.M.Length], shard.M),
                SafetensorsTensor.FromSingles(SecondMomentTensor, [shard.V.Length], shard.V),
            ],
            known, cancellationToken).ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.MomentsAfter);
        return hash;
    }

    /// <summary>
    /// Reads a shard and checks its blobs' hashes. The manifest's digest was made of the same weights, and is sealed there.
    /// </summary>
    /// <param name="entry">The manifest's entry.</param>
    /// <param name="withMoments">Whether the moments are wanted; without, they come back empty.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlobException">A blob is missing, cut or altered.</exception>
    public async Task<ShardState> LoadShardAsync(
        ShardEntry entry, bool withMoments = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        int moments = withMoments && entry.Moments is not null ? entry.Elements : 0;
        var shard = new ShardState(
            entry.Index, GC.AllocateUninitializedArray<float>(entry.Elements), GC.AllocateUninitializedArray<float>(moments),
            GC.AllocateUninitializedArray<float>(moments));
        await LoadShardAsync(entry, shard, cancellationToken).ConfigureAwait(false);
        return shard;
    }

    /// <summary>Reads a shard into arrays as long as its parts; those without elements are not read.</summary>
    private async Task LoadShardAsync(ShardEntry entry, ShardState into, CancellationToken cancellationToken)
    {
        await s_moving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Task weights = UseBlobAsync(
                entry.Weights, BoundOf(entry, 1), content =>
                    ReadTensors(content, BlobNameOf(entry.Weights), (WeightsTensor, into.Weights)), cancellationToken);
            Task moments = into.M.Length > 0 && entry.Moments is { } hash
                ? UseBlobAsync(
                    hash, BoundOf(entry, 2), content =>
                        ReadTensors(content, BlobNameOf(hash), (FirstMomentTensor, into.M), (SecondMomentTensor, into.V)),
                    cancellationToken)
                : Task.CompletedTask;
            await Task.WhenAll(weights, moments).ConfigureAwait(false);
        }
        finally
        {
            s_moving.Release();
        }
    }

    /// <summary>Publishes a checkpoint whose shards are saved. Publishing the same again changes nothing.</summary>
    /// <param name="manifest">The manifest; its time is set here.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the checkpoint is durable.</param>
    /// <returns>The manifest that is now in the store.</returns>
    /// <exception cref="ArgumentException">The manifest contradicts itself.</exception>
    /// <exception cref="CorruptBlobException">A blob it names is not in the store.</exception>
    /// <exception cref="StorageException">There is another checkpoint of that version with other content.</exception>
    public async Task<CheckpointManifest> PublishCheckpointAsync(
        CheckpointManifest manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Fault() is { } fault)
        {
            throw new ArgumentException($"The manifest of version {manifest.Version} {fault}.", nameof(manifest));
        }

        IReadOnlyList<string> old = await CheckPresentAsync(
            manifest, BlobsOf(manifest).Select(blob => BlobNameOf(blob.Hash)), cancellationToken).ConfigureAwait(false);

        manifest = manifest with { Created = _time.GetUtcNow() };
        string name = ManifestName(manifest.Version);
        byte[] content = SealedJson.Write(manifest, StorageJson.Indented.CheckpointManifest);
        FaultPoint.Hit(StorageFaults.ManifestBefore);
        if (await Blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false) is null)
        {
            manifest = await ReconcileAsync(manifest, name, content, cancellationToken).ConfigureAwait(false);
        }

        FaultPoint.Hit(StorageFaults.ManifestAfter);
        // From here on no prune deletes these blobs; one that had decided to before may have, of those that are not new. Saving
        // the version again heals that.
        _ = await CheckPresentAsync(manifest, old, cancellationToken).ConfigureAwait(false);
        return manifest;
    }

    /// <summary>Where a version's manifest is, as people are told.</summary>
    /// <param name="version">The version.</param>
    public string CheckpointLocation(int version) => $"{Blobs.Location.TrimEnd('/')}/{RunId}/checkpoints/{version:D8}.json";

    /// <summary>Lists the versions that have a manifest, ascending.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<int>> ListCheckpointsAsync(CancellationToken cancellationToken = default) =>
        ListNumbersAsync($"{RunId}/checkpoints/", cancellationToken);

    /// <summary>
    /// Lists the versions that have a manifest, and the newest that the run's record knows of, ascending: it is never deleted.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<int>> ExpectedCheckpointsAsync(CancellationToken cancellationToken = default)
    {
        RunRecord? record = null;
        try
        {
            record = (await ReadAsync(cancellationToken).ConfigureAwait(false))?.Record;
        }
        catch (CorruptBlobException)
        {
            // The checkpoints are there all the same.
        }
        // After the record: what it names was there before.
        IReadOnlyList<int> listed = await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        return record?.LatestCheckpoint is { } latest && !listed.Contains(latest) ? [.. listed.Append(latest).Order()] : listed;
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The manifest, or null when there is no such checkpoint.</returns>
    /// <exception cref="CorruptBlobException">It is truncated or altered.</exception>
    public async Task<CheckpointManifest?> ReadManifestAsync(int version, CancellationToken cancellationToken = default)
    {
        string name = ManifestName(version);
        return await Blobs.GetAsync(name, cancellationToken)
            .ConfigureAwait(false) is { } blob ? ParseManifest(blob, version, name) : null;
    }

    /// <summary>Reads a whole checkpoint, manifest and every blob, and says what is bad.</summary>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<CheckpointVerification> VerifyCheckpointAsync(int version, CancellationToken cancellationToken = default)
    {
        CheckpointManifest? manifest;
        try
        {
            manifest = await ReadManifestAsync(version, cancellationToken).ConfigureAwait(false);
        }
        catch (CorruptBlobException exception)
        {
            return new CheckpointVerification(version, null, [exception.Message]);
        }
        if (manifest is null)
        {
            return new CheckpointVerification(version, null, [$"Blob '{ManifestName(version)}' is missing."]);
        }

        var faults = new SortedSet<string>(StringComparer.Ordinal);
        await ForEachBlobAsync(manifest, async (blob, token) =>
        {
            try
            {
                string name = BlobNameOf(blob.Hash);
                await UseBlobAsync(blob.Hash, blob.Bound, content => RequireFinite(content, name), token).ConfigureAwait(false);
            }
            catch (CorruptBlobException exception)
            {
                lock (faults)
                {
                    faults.Add(exception.Message);
                }
            }
        }, cancellationToken).ConfigureAwait(false);
        return new CheckpointVerification(version, manifest, [.. faults]);
    }

    /// <summary>
    /// Finds the newest checkpoint of which every byte is as it was written. Decided from the checkpoints alone; run.json only
    /// tells whether a newer one ought to be there.
    /// </summary>
    /// <param name="report">Told, a line each, what is bad in newer checkpoints and that they are passed over.</param>
    /// <param name="upTo">Newest version that counts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its manifest, or null when the run has no whole checkpoint.</returns>
    public async Task<CheckpointManifest?> LatestWholeCheckpointAsync(
        Action<string>? report = null, int upTo = int.MaxValue, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<int> versions = await ExpectedCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        foreach (int version in versions.Reverse().SkipWhile(version => version > upTo))
        {
            CheckpointVerification found = await VerifyCheckpointAsync(version, cancellationToken).ConfigureAwait(false);
            if (found.Faults.Count == 0)
            {
                return found.Manifest;
            }

            foreach (string fault in found.Faults)
            {
                report?.Invoke($"Checkpoint {version} of run '{RunId}' is passed over: {fault}");
            }
        }
        return null;
    }

    private static CheckpointManifest ParseManifest(Blob blob, int version, string name)
    {
        CheckpointManifest manifest =
            SealedJson.Read(blob.Content.Span, StorageJson.Indented.CheckpointManifest, name, CheckpointManifest.CurrentFormat);
        string? fault = manifest.Version == version ? manifest.Fault() : $"is the manifest of version {manifest.Version}";
        return fault is null ? manifest : throw new CorruptBlobException(name, fault);
    }

    private static ValueTask ReadTensors(
        ArraySegment<byte> content, string blobName, params ReadOnlySpan<(string Name, float[] Into)> tensors)
    {
        try
        {
            using var reader = new SafetensorsReader(
                new MemoryStream(content.Array!, content.Offset, content.Count, writable: false), blobName);
            foreach ((string name, float[] into) in tensors)
            {
                reader.ReadSingles(name, into);
                RequireFinite(into, name, blobName);
            }

            return default;
        }
        catch (SafetensorsException exception)
        {
            throw new CorruptBlobException(blobName, $"is no shard: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    /// <summary>
    /// A shard's values are written as finite numbers; others were put there by somebody else, and a run would go on with them.
    /// </summary>
    private static ValueTask RequireFinite(ArraySegment<byte> content, string blobName)
    {
        try
        {
            using var reader = new SafetensorsReader(
                new MemoryStream(content.Array!, content.Offset, content.Count, writable: false), blobName);
            foreach (SafetensorsEntry tensor in reader.Entries.Where(tensor => tensor.Dtype == SafetensorsDtype.F32))
            {
                RequireFinite(reader.ReadSingles(tensor.Name), tensor.Name, blobName);
            }

            return default;
        }
        catch (SafetensorsException exception)
        {
            throw new CorruptBlobException(blobName, $"is no shard: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    private static void RequireFinite(ReadOnlySpan<float> values, string tensor, string blobName)
    {
        int at = NonFinite.IndexIn(values);
        if (at >= 0)
        {
            throw new CorruptBlobException(
                blobName, $"holds {NonFinite.Name(values[at])} at element {at} of tensor '{tensor}'; a run cannot go on with " +
                    "that");
        }
    }

    private string ManifestName(int version) => $"{RunId}/checkpoints/{Number(version)}.json";

    /// <summary>
    /// The version has a manifest. Ours from before a crash is fine, a damaged one is replaced, another one is an error.
    /// </summary>
    private async Task<CheckpointManifest> ReconcileAsync(
        CheckpointManifest ours, string name, byte[] content, CancellationToken cancellationToken)
    {
        Blob theirs = await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false)
            ?? throw new StorageException($"Blob '{name}' was deleted while it was written; run one writer at a time.");
        CheckpointManifest found;
        try
        {
            found = ParseManifest(theirs, ours.Version, name);
        }
        catch (CorruptBlobException)
        {
            return await Blobs.PutIfUnchangedAsync(name, content, theirs.ETag, cancellationToken).ConfigureAwait(false) is null
                ? throw new StorageException($"Blob '{name}' changed while it was repaired; run one writer at a time.")
                : ours;
        }
        byte[] same = SealedJson.Write(ours with { Created = found.Created }, StorageJson.Indented.CheckpointManifest);
        return theirs.Content.Span.SequenceEqual(same)
            ? found
            : throw new StorageException(
                $"Run '{RunId}' has another checkpoint of version {ours.Version} (weights {found.WeightsSha256}, not " +
                    $"{ours.WeightsSha256}); "
                + "give the changed run a new id.");
    }
}
