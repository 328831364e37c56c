using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;
using Microsoft.Identity.Client;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>Turns what the SDK says into one line that names the store and the remedy, and decides whether it may heal.</summary>
internal static class AzureErrors
{
    /// <summary>There is no blob of that name.</summary>
    public static bool IsAbsent(RequestFailedException exception) =>
        exception.Status == 404 && !IsContainerMissing(exception);

    public static bool IsContainerMissing(RequestFailedException exception) =>
        exception.ErrorCode == BlobErrorCode.ContainerNotFound;

    /// <summary>The condition of a put did not hold.</summary>
    public static bool IsConditionLost(RequestFailedException exception) =>
        exception.ErrorCode == BlobErrorCode.BlobAlreadyExists || exception.ErrorCode == BlobErrorCode.ConditionNotMet
            || IsAbsent(exception);

    /// <summary>The store's exception for one of the SDK.</summary>
    /// <param name="exception">The SDK's, perhaps within others.</param>
    /// <param name="location">The store.</param>
    /// <param name="action">What was tried.</param>
    /// <param name="answered">Whether the store has let this process in before: then what is missing now may come back.</param>
    public static StorageException Translate(Exception exception, AzureLocation location, string action, bool answered = false)
    {
        Exception telling = WithCauses(exception)
            .FirstOrDefault(static e => e is RequestFailedException or AuthenticationFailedException) ?? exception;
        (bool heals, string what) = telling switch
        {
            RequestFailedException { Status: 0 } e => (true, Unreachable(location, e)),
            RequestFailedException { Status: 408 or 429 or >= 500 } e => (true, $"the service answers {Code(e)}"),
            RequestFailedException { Status: 401 or 403 } e =>
                (false, $"the credentials are not accepted ({Code(e)}); {Credentials(location)}"),
            RequestFailedException e when IsContainerMissing(e) => (answered,
                $"there is no container '{location.Container}'; create it: az storage container create --account-name " +
                    $"{location.Account} "
                + $"--name {location.Container} --auth-mode login"),
            RequestFailedException e => (false, $"the service refuses: {Code(e)}"),
            AuthenticationFailedException e => (answered || IsPassing(e), $"no token: {FirstLine(e)}; {Credentials(location)}"),
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
        string.IsNullOrEmpty(exception.ErrorCode) ? $"HTTP {exception.Status}"
            : $"{exception.ErrorCode} (HTTP {exception.Status})";

    private static string FirstLine(Exception exception)
    {
        string text = exception.GetBaseException().Message;
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return (end < 0 ? text : text[..end]).Trim().TrimEnd('.');
    }

    /// <summary>
    /// Whether no token is to be had now, but may be soon: the network or the service that gives them fails, or a machine's
    /// managed identity is not up yet, for which its service answers 404 or 410.
    /// </summary>
    private static bool IsPassing(AuthenticationFailedException exception) => WithCauses(exception).Any(static cause => cause
        is HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException
        or RequestFailedException { Status: 0 or 404 or 408 or 410 or 429 or >= 500 }
        or MsalException { IsRetryable: true } or MsalServiceException { StatusCode: 404 or 408 or 410 or 429 or >= 500 });

    /// <summary>An exception and all that it was caused by, the outermost first.</summary>
    private static IEnumerable<Exception> WithCauses(Exception exception)
    {
        IEnumerable<Exception> causes = exception is AggregateException many
            ? many.InnerExceptions
            : exception.InnerException is { } inner ? [inner] : [];
        return causes.SelectMany(WithCauses).Prepend(exception);
    }
}
