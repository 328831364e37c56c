using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>Turns what the SDK says into one line that names the store and the remedy, and decides whether it may heal.</summary>
internal static class AzureErrors
{
    /// <summary>There is no blob of that name.</summary>
    public static bool IsAbsent(RequestFailedException exception) =>
        exception.Status == 404 && !IsContainerMissing(exception);

    public static bool IsContainerMissing(RequestFailedException exception) => exception.ErrorCode == BlobErrorCode.ContainerNotFound;

    /// <summary>The condition of a put did not hold.</summary>
    public static bool IsConditionLost(RequestFailedException exception) =>
        exception.ErrorCode == BlobErrorCode.BlobAlreadyExists || exception.ErrorCode == BlobErrorCode.ConditionNotMet || IsAbsent(exception);

    public static StorageException Translate(Exception exception, AzureLocation location, string action)
    {
        (bool heals, string what) = exception switch
        {
            RequestFailedException { Status: 0 } e => (true, Unreachable(location, e)),
            RequestFailedException { Status: 408 or 429 or >= 500 } e => (true, $"the service answers {Code(e)}"),
            RequestFailedException { Status: 401 or 403 } e => (false, $"the credentials are not accepted ({Code(e)}); {Credentials(location)}"),
            RequestFailedException e when IsContainerMissing(e) => (false,
                $"there is no container '{location.Container}'; create it: az storage container create --account-name {location.Account} "
                + $"--name {location.Container} --auth-mode login"),
            RequestFailedException e => (false, $"the service refuses: {Code(e)}"),
            AuthenticationFailedException e => (IsNetwork(e), $"no token: {FirstLine(e)}; {Credentials(location)}"),
            _ => (true, Unreachable(location, exception)),
        };
        string message = $"Store '{location.Text}': cannot {action}: {what}.";
        return heals ? new StoreUnavailableException(message, exception) : new StoreRefusedException(message, exception);
    }

    private static string Unreachable(AzureLocation location, Exception exception)
    {
        string remedy = location.EmulatorPort is { } port
            ? $"is Azurite running on port {port}? `bgpo azurite` starts one"
            : "see whether the account's name is right and the network is up";
        return $"it cannot be reached: {FirstLine(exception)}; {remedy}";
    }

    private static string Credentials(AzureLocation location) => location.EmulatorPort is not null
        ? "is another service listening on that port?"
        : "sign in (az login), give this identity the role Storage Blob Data Contributor, or set AZURE_STORAGE_CONNECTION_STRING";

    private static string Code(RequestFailedException exception) =>
        string.IsNullOrEmpty(exception.ErrorCode) ? $"HTTP {exception.Status}" : $"{exception.ErrorCode} (HTTP {exception.Status})";

    private static string FirstLine(Exception exception)
    {
        string text = exception.GetBaseException().Message;
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return (end < 0 ? text : text[..end]).Trim().TrimEnd('.');
    }

    private static bool IsNetwork(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException
                || cause is RequestFailedException { Status: 0 or >= 500 })
            {
                return true;
            }
        }
        return false;
    }
}
