using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>
/// Makes the SDK's clients: with a connection string where the environment has one, else with the process's Azure identity.
/// </summary>
internal static class AzureClients
{
    public const string ConnectionVariable = "AZURE_STORAGE_CONNECTION_STRING";

    // Azurite's documented key, the same everywhere: it guards nothing.
    internal const string EmulatorKey =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <exception cref="StoreRefusedException">The connection string cannot be read or is of another account.</exception>
    public static BlobContainerClient Container(AzureLocation location, string? connection)
    {
        BlobClientOptions options = Options();
        if (location.EmulatorPort is not null)
        {
            var key = new StorageSharedKeyCredential(AzureLocation.EmulatorAccount, EmulatorKey);
            return new BlobServiceClient(location.Endpoint, key, options).GetBlobContainerClient(location.Container);
        }
        if (string.IsNullOrWhiteSpace(connection))
        {
            return new BlobServiceClient(location.Endpoint, new DefaultAzureCredential(), options)
                .GetBlobContainerClient(location.Container);
        }

        BlobServiceClient service;
        try
        {
            service = new BlobServiceClient(connection, options);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            // The string holds a key: nothing of it is said.
            throw new StoreRefusedException(
                $"Store '{location.Text}': {ConnectionVariable} is no connection string of a storage account.");
        }
        return service.AccountName == location.Account
            ? service.GetBlobContainerClient(location.Container)
            : throw new StoreRefusedException(
                $"Store '{location.Text}': {ConnectionVariable} is of account '{service.AccountName}'; unset it or name that " +
                    "account.");
    }

    /// <summary>One attempt per call: retries are the pipeline's, which counts them.</summary>
    public static BlobClientOptions Options()
    {
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        options.Diagnostics.IsTelemetryEnabled = false;
        return options;
    }
}
