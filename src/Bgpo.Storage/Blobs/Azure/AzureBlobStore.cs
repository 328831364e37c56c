using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>Blobs of an Azure Blob Storage container, or of Azurite. One attempt per call; what wraps it retries.</summary>
internal sealed class AzureBlobStore : IBlobStore
{
    /// <summary>Blobs larger than this are sent in blocks, several at a time.</summary>
    private const int SingleTransfer = 8 << 20;

    private readonly AzureLocation _location;
    private readonly BlobContainerClient _container;
    private volatile bool _answered;

    /// <param name="location">The container and the prefix of all names.</param>
    /// <param name="container">The container's client; its own retries are off.</param>
    public AzureBlobStore(AzureLocation location, BlobContainerClient container)
    {
        _location = location;
        _container = container;
    }

    /// <inheritdoc/>
    public string Location => _location.Text;

    /// <inheritdoc/>
    public Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        BlobClient blob = BlobOf(name);
        return CallAsync<Blob?>($"read '{name}'", async () =>
        {
            using BlobDownloadStreamingResult answer = await blob.DownloadStreamingAsync(cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            var content = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            return new Blob(content, TextOf(answer.Details.ETag));
        }, whenAbsent: null, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        BlobClient blob = BlobOf(name);
        return CallAsync<int?>($"read '{name}'", async () =>
        {
            try
            {
                var options = new BlobDownloadOptions { Range = new HttpRange(offset, Math.Max(1, destination.Length)) };
                using BlobDownloadStreamingResult answer = await blob.DownloadStreamingAsync(options, cancellationToken)
                    .ConfigureAwait(false);
                return await answer.Content.ReadAtLeastAsync(destination, destination.Length, false, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.InvalidRange)
            {
                return 0;
            }
        }, whenAbsent: null, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        BlobClient blob = BlobOf(name);
        return CallAsync<BlobEntry?>($"look for '{name}'", async () =>
        {
            BlobProperties found = await blob.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            return new BlobEntry(name, found.ContentLength, found.LastModified);
        }, whenAbsent: null, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        UploadAsync(name, content, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellationToken);

    /// <inheritdoc/>
    public Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(etag);
        return UploadAsync(name, content, new BlobRequestConditions { IfMatch = new ETag(etag) }, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<string> PutAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        (await UploadAsync(name, content, null, cancellationToken).ConfigureAwait(false))!;

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        string? page = null;
        do
        {
            Page<BlobItem>? items = await PageAsync(
                $"list '{prefix}'", _container.GetBlobsAsync(
                    prefix: _location.Prefix + prefix, cancellationToken: cancellationToken), page, cancellationToken)
                .ConfigureAwait(false);
            foreach (BlobItem item in items?.Values ?? [])
            {
                yield return new BlobEntry(
                    item.Name[_location.Prefix.Length..], item.Properties.ContentLength ?? 0,
                    item.Properties.LastModified ?? default);
            }

            page = items?.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListFoldersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? page = null;
        do
        {
            AsyncPageable<BlobHierarchyItem> all =
                _container.GetBlobsByHierarchyAsync(
                    delimiter: "/", prefix: _location.Prefix, cancellationToken: cancellationToken);
            Page<BlobHierarchyItem>? items = await PageAsync("list folders", all, page, cancellationToken).ConfigureAwait(false);
            foreach (BlobHierarchyItem item in items?.Values.Where(item => item.IsPrefix) ?? [])
            {
                yield return item.Prefix[_location.Prefix.Length..].TrimEnd('/');
            }

            page = items?.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        BlobClient blob = BlobOf(name);
        return CallAsync(
            $"delete '{name}'",
            async () => (await blob.DeleteIfExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value,
            whenAbsent: false, cancellationToken);
    }

    private static string TextOf(ETag etag) => etag.ToString("H");

    private BlobClient BlobOf(string name)
    {
        BlobName.Validate(name);
        return _container.GetBlobClient(_location.Prefix + name);
    }

    private Task<string?> UploadAsync(
        string name, ReadOnlyMemory<byte> content, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        BlobClient blob = BlobOf(name);
        var options = new BlobUploadOptions
        {
            Conditions = conditions,
            TransferOptions = new StorageTransferOptions
            {
                InitialTransferSize = SingleTransfer,
                MaximumTransferSize = SingleTransfer / 2,
                MaximumConcurrency = 4,
            },
        };
        return CallAsync($"write '{name}'", async () =>
        {
            for (bool again = false; ; again = true)
            {
                try
                {
                    FaultPoint.Hit(StorageFaults.BlobUnsent);
                    using Stream body = new UploadBody(content);
                    BlobContentInfo written = await blob.UploadAsync(body, options, cancellationToken).ConfigureAwait(false);
                    FaultPoint.Hit(StorageFaults.BlobAnswered);
                    return TextOf(written.ETag);
                }
                catch (RequestFailedException exception) when (conditions is not null && AzureErrors.IsConditionLost(exception))
                {
                    return null;
                }
                catch (RequestFailedException exception)
                    when (!again && _location.IsEmulated && AzureErrors.IsContainerMissing(exception))
                {
                    // An emulator's container is nobody's decision; a real one is its owner's.
                    await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
                }
            }
        }, whenAbsent: null, cancellationToken);
    }

    private Task<Page<T>?> PageAsync<T>(string action, AsyncPageable<T> items, string? from, CancellationToken cancellationToken)
        where T : notnull =>
        CallAsync(action, async () =>
        {
            await foreach (Page<T> page in items.AsPages(from).WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                return page;
            }

            return null;
        }, whenAbsent: null, cancellationToken);

    private async Task<T> CallAsync<T>(string action, Func<Task<T>> call, T whenAbsent, CancellationToken cancellationToken)
    {
        try
        {
            T result = await call().ConfigureAwait(false);
            _answered = true;
            return result;
        }
        catch (RequestFailedException exception)
            when (AzureErrors.IsAbsent(exception)
                || (_location.IsEmulated && AzureErrors.IsContainerMissing(exception)))
        {
            _answered |= AzureErrors.IsAbsent(exception);
            return whenAbsent;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (exception is not (FaultException or ArgumentException))
        {
            throw AzureErrors.Translate(exception, _location, action, _answered);
        }
    }
}
