using Bgpo.Safetensors;

namespace Bgpo.Storage;

/// <content>Checkpoints: content-addressed shard blobs, and a manifest that is written last.</content>
public sealed partial class RunStore
{
    // Bounds memory to a few shards while transfers overlap.
    private const int AtOnce = 4;

    private const string WeightsTensor = "weights";
    private const string FirstMomentTensor = "m";
    private const string SecondMomentTensor = "v";

    /// <summary>Writes a shard's blobs. What is stored already, whole, is not written again.</summary>
    /// <param name="shard">The shard; moments as long as the weights, or both empty.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the blobs are durable.</param>
    /// <returns>The entry for the manifest.</returns>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public async Task<ShardEntry> SaveShardAsync(ShardState shard, CancellationToken cancellationToken = default)
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
        long[] shape = [elements];
        byte[] weights = SafetensorsWriter.ToBytes([SafetensorsTensor.FromSingles(WeightsTensor, shape, shard.Weights)]);
        FaultPoint.Hit(StorageFaults.WeightsBefore);
        string weightsHash = await SaveBlobAsync(weights, cancellationToken).ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.WeightsAfter);

        string? momentsHash = null;
        if (shard.M.Length > 0)
        {
            byte[] moments = SafetensorsWriter.ToBytes(
            [
                SafetensorsTensor.FromSingles(FirstMomentTensor, shape, shard.M),
                SafetensorsTensor.FromSingles(SecondMomentTensor, shape, shard.V),
            ]);
            FaultPoint.Hit(StorageFaults.MomentsBefore);
            momentsHash = await SaveBlobAsync(moments, cancellationToken).ConfigureAwait(false);
            FaultPoint.Hit(StorageFaults.MomentsAfter);
        }
        string digest = Convert.ToHexStringLower(WeightsHash.Digest(shard.Weights));
        return new ShardEntry(shard.Index, elements, weightsHash, digest, momentsHash);
    }

    /// <summary>Reads a shard and checks every hash.</summary>
    /// <param name="entry">The manifest's entry.</param>
    /// <param name="withMoments">Whether the moments are wanted; without, they come back empty.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlobException">A blob is missing, cut or altered.</exception>
    public async Task<ShardState> LoadShardAsync(
        ShardEntry entry, bool withMoments = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        string name = BlobNameOf(entry.Weights);
        byte[] content = await LoadBlobAsync(entry.Weights, cancellationToken).ConfigureAwait(false);
        float[] weights = ReadTensor(content, name, WeightsTensor, entry.Elements);
        if (Convert.ToHexStringLower(WeightsHash.Digest(weights)) != entry.WeightsDigest)
            throw new CorruptBlobException(name, $"holds other weights than the manifest's digest {entry.WeightsDigest} of shard {entry.Index}");
        if (!withMoments || entry.Moments is null)
            return new ShardState(entry.Index, weights, [], []);
        name = BlobNameOf(entry.Moments);
        content = await LoadBlobAsync(entry.Moments, cancellationToken).ConfigureAwait(false);
        return new ShardState(
            entry.Index,
            weights,
            ReadTensor(content, name, FirstMomentTensor, entry.Elements),
            ReadTensor(content, name, SecondMomentTensor, entry.Elements));
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
            throw new ArgumentException($"The manifest of version {manifest.Version} {fault}.", nameof(manifest));
        await CheckPresentAsync(manifest, cancellationToken).ConfigureAwait(false);

        manifest = manifest with { Created = _time.GetUtcNow() };
        string name = ManifestName(manifest.Version);
        byte[] content = SealedJson.Write(manifest, StorageJson.Indented.CheckpointManifest);
        FaultPoint.Hit(StorageFaults.ManifestBefore);
        if (await Blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false) is null)
            manifest = await ReconcileAsync(manifest, name, content, cancellationToken).ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.ManifestAfter);
        // From here on no prune deletes these blobs; one that had decided to before may have. Saving the version again heals that.
        await CheckPresentAsync(manifest, cancellationToken).ConfigureAwait(false);
        return manifest;
    }

    /// <summary>Lists the versions that have a manifest, ascending.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<int>> ListCheckpointsAsync(CancellationToken cancellationToken = default) =>
        ListNumbersAsync($"{RunId}/checkpoints/", cancellationToken);

    /// <summary>Reads a manifest.</summary>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The manifest, or null when there is no such checkpoint.</returns>
    /// <exception cref="CorruptBlobException">It is truncated or altered.</exception>
    public async Task<CheckpointManifest?> ReadManifestAsync(int version, CancellationToken cancellationToken = default)
    {
        string name = ManifestName(version);
        return await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false) is { } blob ? ParseManifest(blob, version, name) : null;
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
            return new CheckpointVerification(version, null, [$"Blob '{ManifestName(version)}' is missing."]);

        var faults = new SortedSet<string>(StringComparer.Ordinal);
        await ForEachBlobAsync(manifest, async (hash, token) =>
        {
            try
            {
                _ = await LoadBlobAsync(hash, token).ConfigureAwait(false);
            }
            catch (CorruptBlobException exception)
            {
                lock (faults)
                    faults.Add(exception.Message);
            }
        }, cancellationToken).ConfigureAwait(false);
        return new CheckpointVerification(version, manifest, [.. faults]);
    }

    /// <summary>
    /// Finds the newest checkpoint of which every byte is as it was written. Decided from the checkpoints alone, not from run.json.
    /// </summary>
    /// <param name="report">Told, a line each, what is bad in newer checkpoints and that they are passed over.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its manifest, or null when the run has no whole checkpoint.</returns>
    public async Task<CheckpointManifest?> LatestWholeCheckpointAsync(
        Action<string>? report = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<int> versions = await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        foreach (int version in versions.Reverse())
        {
            CheckpointVerification found = await VerifyCheckpointAsync(version, cancellationToken).ConfigureAwait(false);
            if (found.Faults.Count == 0)
                return found.Manifest;
            foreach (string fault in found.Faults)
                report?.Invoke($"Checkpoint {version} of run '{RunId}' is passed over: {fault}");
        }
        return null;
    }

    private Task CheckPresentAsync(CheckpointManifest manifest, CancellationToken cancellationToken) =>
        ForEachBlobAsync(manifest, async (hash, token) =>
        {
            if (await Blobs.FindAsync(BlobNameOf(hash), token).ConfigureAwait(false) is null)
                throw new CorruptBlobException(BlobNameOf(hash), $"is missing; save all shards of version {manifest.Version} first");
        }, cancellationToken);

    private static CheckpointManifest ParseManifest(Blob blob, int version, string name)
    {
        CheckpointManifest manifest = SealedJson.Read(blob.Content.Span, StorageJson.Indented.CheckpointManifest, name);
        CheckFormat(manifest.FormatVersion, CheckpointManifest.CurrentFormat, name);
        string? fault = manifest.Version == version ? manifest.Fault() : $"is the manifest of version {manifest.Version}";
        return fault is null ? manifest : throw new CorruptBlobException(name, fault);
    }

    private static float[] ReadTensor(byte[] content, string blobName, string tensor, int elements)
    {
        try
        {
            using var reader = new SafetensorsReader(new MemoryStream(content, writable: false), blobName);
            float[] values = reader.ReadSingles(tensor);
            return values.Length == elements
                ? values
                : throw new CorruptBlobException(blobName, $"has {values.Length} elements in '{tensor}'; the manifest says {elements}");
        }
        catch (SafetensorsException exception)
        {
            throw new CorruptBlobException(blobName, $"is no shard: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    private static Task ForEachBlobAsync(
        CheckpointManifest manifest, Func<string, CancellationToken, ValueTask> visit, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(HashesOf(manifest), Few(cancellationToken), visit);

    private static IEnumerable<string> HashesOf(CheckpointManifest manifest) => manifest.Shards
        .SelectMany(shard => new[] { shard.Weights, shard.Moments })
        .OfType<string>()
        .Distinct(StringComparer.Ordinal);

    private string ManifestName(int version) => $"{RunId}/checkpoints/{Number(version)}.json";

    private string BlobNameOf(string hash) => $"{RunId}/blobs/{hash}.safetensors";

    private async Task<string> SaveBlobAsync(byte[] content, CancellationToken cancellationToken)
    {
        string hash = Sha256Text.Of(content);
        string name = BlobNameOf(hash);
        // Asking first spares a cloud the upload. A bad blob of that name is replaced: a run that went back past it heals here.
        if (await Blobs.FindAsync(name, cancellationToken).ConfigureAwait(false) is not { } found)
            _ = await Blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false);
        else if (found.Size != content.Length || !await IsWholeAsync(name, hash, cancellationToken).ConfigureAwait(false))
            _ = await Blobs.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
        return hash;
    }

    private async Task<bool> IsWholeAsync(string name, string hash, CancellationToken cancellationToken) =>
        await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false) is { } blob && Sha256Text.Of(blob.Content.Span) == hash;

    private async Task<byte[]> LoadBlobAsync(string hash, CancellationToken cancellationToken)
    {
        string name = BlobNameOf(hash);
        Blob blob = await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false)
            ?? throw new CorruptBlobException(name, "is missing");
        return Sha256Text.Of(blob.Content.Span) == hash
            ? blob.Content.ToArray()
            : throw new CorruptBlobException(name, $"is truncated or altered: its {blob.Content.Length} bytes do not make its name");
    }

    /// <summary>The version has a manifest. Ours from before a crash is fine, a damaged one is replaced, another one is an error.</summary>
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
                $"Run '{RunId}' has another checkpoint of version {ours.Version} (weights {found.WeightsSha256}, not {ours.WeightsSha256}); "
                + "give the changed run a new id.");
    }
}
