using System.Globalization;
using System.Text.RegularExpressions;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>What an Azure store's location says: <c>azblob://ACCOUNT/CONTAINER[/prefix]</c>, or
/// <c>azblob+emulator://[127.0.0.1:PORT/]CONTAINER[/prefix]</c>.</summary>
/// <param name="Text">As given, without a trailing slash.</param>
/// <param name="Account">The storage account.</param>
/// <param name="EmulatorPort">Azurite's port; null for the real service.</param>
/// <param name="Container">The container.</param>
/// <param name="Prefix">What every blob's name starts with: empty, or segments that end with '/'.</param>
internal sealed partial record AzureLocation(string Text, string Account, int? EmulatorPort, string Container, string Prefix)
{
    public const string Scheme = "azblob://";
    public const string EmulatorScheme = "azblob+emulator://";
    public const string EmulatorAccount = "devstoreaccount1";
    public const int EmulatorDefaultPort = 10000;

    /// <summary>Whether it is of the emulator, wherever that listens: its account is nobody else's.</summary>
    public bool IsEmulated => Account == EmulatorAccount;

    /// <summary>The service's address.</summary>
    public Uri Endpoint => EmulatorPort is { } port
        ? new Uri($"http://127.0.0.1:{port}/{EmulatorAccount}")
        : new Uri($"https://{Account}.blob.core.windows.net");

    /// <summary>Whether a location is meant for this store.</summary>
    public static bool IsOne(string location) =>
        location.StartsWith(Scheme, StringComparison.Ordinal) || location.StartsWith(EmulatorScheme, StringComparison.Ordinal);

    /// <exception cref="StoreRefusedException">It cannot be read; the message says what is expected.</exception>
    public static AzureLocation Parse(string location)
    {
        string text = location.Length > EmulatorScheme.Length ? location.TrimEnd('/') : location;
        return text.StartsWith(EmulatorScheme, StringComparison.Ordinal) ? ParseEmulator(text) : ParseAccount(text);
    }

    private static AzureLocation ParseAccount(string text)
    {
        string[] parts = text.Length > Scheme.Length ? text[Scheme.Length..].Split('/', 3) : [];
        if (parts.Length < 2)
        {
            throw Refused(text, $"expected {Scheme}ACCOUNT/CONTAINER/prefix");
        }

        if (!AccountName().IsMatch(parts[0]))
        {
            throw Refused(text, $"account '{parts[0]}' has other than 3 to 24 lower-case letters and digits");
        }

        return new AzureLocation(
            text, parts[0], null, CheckedContainer(text, parts[1]), CheckedPrefix(text, parts.ElementAtOrDefault(2)));
    }

    private static AzureLocation ParseEmulator(string text)
    {
        string rest = text.Length > EmulatorScheme.Length ? text[EmulatorScheme.Length..] : "";
        int port = EmulatorDefaultPort;
        if (HostAndPort().Match(rest) is { Success: true } host)
        {
            // Nothing but this machine: the emulator's key is known to everybody.
            if (!int.TryParse(host.Groups["port"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port
                is < 1 or > 65535)
            {
                throw Refused(text, $"port '{host.Groups["port"].Value}' is not one of 1 to 65535");
            }

            rest = rest[host.Length..];
        }
        if (rest.Length == 0)
        {
            throw Refused(text, $"expected {EmulatorScheme}CONTAINER/prefix or {EmulatorScheme}127.0.0.1:PORT/CONTAINER/prefix");
        }

        string[] parts = rest.Split('/', 2);
        return new AzureLocation(
            text, EmulatorAccount, port, CheckedContainer(text, parts[0]), CheckedPrefix(text, parts.ElementAtOrDefault(1)));
    }

    private static string CheckedContainer(string text, string container) => ContainerName().IsMatch(container)
        ? container
        : throw Refused(text,
            $"container '{container}' has other than 3 to 63 lower-case letters, digits and single dashes between them");

    private static string CheckedPrefix(string text, string? prefix)
    {
        if (string.IsNullOrEmpty(prefix))
        {
            return "";
        }

        try
        {
            BlobName.Validate(prefix);
        }
        catch (ArgumentException)
        {
            throw Refused(text, $"prefix '{prefix}' is not made of segments of letters, digits, '.', '-' and '_' joined by '/'");
        }
        return prefix + "/";
    }

    private static StoreRefusedException Refused(string text, string why) => new($"Store '{text}': {why}.");

    [GeneratedRegex(@"\A[a-z0-9]{3,24}\z", RegexOptions.CultureInvariant)]
    private static partial Regex AccountName();

    [GeneratedRegex(@"\A(?=.{3,63}\z)[a-z0-9]+(-[a-z0-9]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ContainerName();

    [GeneratedRegex(@"\A(127\.0\.0\.1|localhost):(?<port>[^/]*)(/|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex HostAndPort();
}
