using Bgpo.Storage.Blobs.Azure;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Blobs.Resilience;

namespace Bgpo.Storage.Blobs;

/// <summary>Opens the store that a <c>--store</c> option names.</summary>
public static class BlobStores
{
    /// <summary>Whether a location is a local folder rather than a store with a scheme.</summary>
    /// <param name="location">For example <c>runs</c> or <c>azblob://ACCOUNT/CONTAINER/prefix</c>.</param>
    public static bool IsFolder(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return !location.Contains("://", StringComparison.Ordinal);
    }

    /// <summary>
    /// Opens a store: <c>azblob://ACCOUNT/CONTAINER[/prefix]</c> (with the connection string in AZURE_STORAGE_CONNECTION_STRING,
    /// else the process's Azure identity), <c>azblob+emulator://[127.0.0.1:PORT/]CONTAINER[/prefix]</c> (Azurite), or a local
    /// folder. What may heal is retried with back-off behind a circuit breaker. Nothing is asked of the store yet.
    /// </summary>
    /// <param name="location">The location.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="patience">How long to retry; null for what suits the kind of store.</param>
    /// <exception cref="StoreRefusedException">The location or the connection string cannot be read.</exception>
    public static IBlobStore Open(string location, TimeProvider? time = null, StorePatience? patience = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(location);
        if (AzureLocation.IsOne(location))
        {
            AzureLocation azure = AzureLocation.Parse(location);
            var container = AzureClients.Container(azure, Environment.GetEnvironmentVariable(AzureClients.ConnectionVariable));
            return new ResilientBlobStore(new AzureBlobStore(azure, container), patience ?? StorePatience.Network, time);
        }
        return IsFolder(location)
            ? new ResilientBlobStore(new LocalBlobStore(location, time), patience ?? StorePatience.Folder, time)
            : throw new StoreRefusedException(
                $"Store '{location}': unknown kind; expected a folder, {AzureLocation.Scheme}ACCOUNT/CONTAINER/prefix, "
                + $"or {AzureLocation.EmulatorScheme}CONTAINER.");
    }
}
