using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Bgpo.Storage.Blobs.Azure;

/// <summary>
/// An Azurite process on a loopback port: Microsoft's emulator of Azure Blob Storage. It can be stopped and started again on the
/// same port and folder. Azurite itself writes its index down when it is stopped in order, so end it with
/// <see cref="StopAsync"/>.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
{
    /// <summary>The version that is installed; newer ones ask for a newer Node.js than distributions bring.</summary>
    public const string Version = "3.35.0";

    private const int Terminate = 15;

    private readonly string _main;
    private Process? _process;

    private Azurite(string main, string folder, int port)
    {
        _main = main;
        Folder = folder;
        Port = port;
    }

    /// <summary>Where it keeps its blobs.</summary>
    public string Folder { get; }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>The process, or null while it is stopped.</summary>
    public int? ProcessId => _process?.Id;

    /// <summary>Where it is installed when nobody says otherwise: the user's cache.</summary>
    public static string DefaultInstallation
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return Path.Combine(
                string.IsNullOrEmpty(cache) ? Path.Combine(home.Length > 0 ? home : Path.GetTempPath(), ".cache") : cache, "bgpo",
                $"azurite-{Version}");
        }
    }

    /// <summary>The store URI of one of its containers, which the first write makes.</summary>
    /// <param name="container">The container.</param>
    public string StoreUri(string container) =>
        AzureLocation.EmulatorScheme + (Port == AzureLocation.EmulatorDefaultPort ? "" : $"127.0.0.1:{Port}/") + container;

    /// <summary>The connection string by which any Azure SDK reaches it. Its key is the emulator's documented one.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={AzureLocation.EmulatorAccount};AccountKey={AzureClients.EmulatorKey};"
        + $"BlobEndpoint=http://127.0.0.1:{Port}/{AzureLocation.EmulatorAccount};";

    /// <summary>Installs Azurite by npm where it is missing. Several processes may do so at the same time.</summary>
    /// <param name="installation">Folder of the installation; null for the user's cache.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The installation's folder.</returns>
    /// <exception cref="StorageException">npm is missing or fails; the message says what to do.</exception>
    public static async Task<string> InstallAsync(string? installation = null, CancellationToken cancellationToken = default)
    {
        string folder = Path.GetFullPath(installation ?? DefaultInstallation);
        if (File.Exists(MainOf(folder)))
        {
            return folder;
        }
        // Beside its place, then moved there whole: nobody starts half an installation.
        string draft = $"{folder}.{Environment.ProcessId}.partial";
        try
        {
            Directory.CreateDirectory(draft);
            (int code, string error) = await RunAsync(
                "npm", ["install", "--prefix", draft, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                    $"azurite@{Version}"],
                cancellationToken).ConfigureAwait(false);
            if (code != 0)
            {
                throw new StorageException(
                    $"Azurite {Version} could not be installed by npm (exit code {code}): {LastLine(error)}");
            }

            if (!File.Exists(MainOf(folder)))
            {
                Directory.Move(draft, folder);
            }
        }
        catch (IOException) when (File.Exists(MainOf(folder)))
        {
            // Somebody else was faster.
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
        return folder;
    }

    /// <summary>Starts one and waits until it listens. Node.js and an installation must be there.</summary>
    /// <param name="folder">Where it keeps its blobs; made when missing.</param>
    /// <param name="port">Its port; 0 for a free one.</param>
    /// <param name="installation">Folder of the installation; null for the user's cache.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StorageException">It does not start; the message says why.</exception>
    public static async Task<Azurite> StartNewAsync(
        string folder, int port = 0, string? installation = null, CancellationToken cancellationToken = default)
    {
        var azurite = new Azurite(MainOf(Path.GetFullPath(installation ?? DefaultInstallation)), Path.GetFullPath(folder), port);
        await azurite.StartAsync(cancellationToken).ConfigureAwait(false);
        return azurite;
    }

    /// <summary>Starts it again after a stop, on the same port and folder.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StorageException">It does not start; the message says why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_process is not null)
        {
            throw new InvalidOperationException("Azurite runs already.");
        }

        Directory.CreateDirectory(Folder);
        Process process = Launch("node", [
            _main, "--location", Folder, "--blobHost", "127.0.0.1", "--blobPort", Port.ToString(CultureInfo.InvariantCulture),
            "--silent", "--disableTelemetry"]);
        var said = new List<string>();
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
            while (await process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                said.Add(line);
                if (Listening().Match(line) is { Success: true } match)
                {
                    Port = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
                    _process = process;
                    _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                    return;
                }
            }
            said.Add(await errors.ConfigureAwait(false));
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }
        process.Dispose();
        throw new StorageException($"Azurite did not start on port {Port}: {LastLine(string.Join('\n', said))}");
    }

    /// <summary>Stops it in order; what was written is there after the next start. Does nothing while it is stopped.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        _ = Signal(process.Id, Terminate);
        await process.WaitForExitAsync().ConfigureAwait(false);
        process.Dispose();
    }

    /// <summary>Completes when the process has ended, by itself or by <see cref="StopAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitForExitAsync(CancellationToken cancellationToken = default) =>
        _process?.WaitForExitAsync(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private static string MainOf(string installation) =>
        Path.Combine(installation, "node_modules", "azurite", "dist", "src", "blob", "main.js");

    private static async Task<(int ExitCode, string Error)> RunAsync(
        string program, string[] arguments, CancellationToken cancellationToken)
    {
        using Process process = Launch(program, arguments);
        try
        {
            _ = process.StandardOutput.ReadToEndAsync(cancellationToken);
            string error = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return (process.ExitCode, error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static Process Launch(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new StorageException(
                $"Azurite needs {program}, which does not start ({exception.Message}); install Node.js 18 or newer (Debian: " +
                    "apt-get install nodejs npm).",
                exception);
        }
    }

    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .LastOrDefault() ?? "it said nothing";

    [GeneratedRegex(@"listens on http://127\.0\.0\.1:(?<port>\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Listening();

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
