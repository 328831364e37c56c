using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Tests;
using Bgpo.Spec;
using Bgpo.Storage.Blobs.Azure;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// A cluster as many machines make one: its members in a table (Azurite's), its silos over TCP, with TLS between them.
/// </summary>
public sealed class TcpClusterTests : IAsyncLifetime
{
    /// <summary>The emulator's documented account and key.</summary>
    private const string EmulatorAccount = "devstoreaccount1";
    private const string EmulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-tcp-").FullName;
    private readonly TestAuthority _authority = new("bgpo tests");
    private readonly UndisturbedRun _undisturbed;
    private readonly Executable _bgpo;
    private Process? _tables;

    public TcpClusterTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _undisturbed.CopySpecTo(_folder);
        _bgpo = new Executable(_folder);
    }

    public async ValueTask InitializeAsync()
    {
        string port = await StartTables();
        _bgpo.Environment["AZURE_STORAGE_CONNECTION_STRING"] =
            $"DefaultEndpointsProtocol=http;AccountName={EmulatorAccount};AccountKey={EmulatorKey};"
            + $"TableEndpoint=http://127.0.0.1:{port}/{EmulatorAccount};";
        TlsSection tls = _authority.Sign("member");
        File.WriteAllText(Path.Combine(_folder, "cluster.yaml"), $$"""
            cluster:
              kind: azure
              account: {{EmulatorAccount}}
              tls: { certificate: {{tls.Certificate}}, key: {{tls.Key}}, authority: {{tls.Authority}} }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_tables is not null)
        {
            await Executable.End(_tables);
        }
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ASiloKilledInAClusterOverTcpWithTls_ChangesNothing()
    {
        string cluster = Path.GetFileName(_folder).ToLowerInvariant();
        bool killed = false;

        Ended ended = await _bgpo.Run(
            ["train", "--config", "spec.yaml", "--run", "b", "--silos", "2", "--cluster", cluster,
                "--cluster-config", "cluster.yaml", "--json"],
            each: (process, line) =>
            {
                JsonNode e = JsonNode.Parse(line)!;
                if (!killed && (string?)e["event"] == "step" && (int)e["version"]! >= 3)
                {
                    using var victim = Process.GetProcessById(Executable.Children(process.Id)[0]);
                    Executable.Send(victim, Executable.Kill);
                    killed = true;
                }
            });

        Assert.True(killed, ended.Error);
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Equal(_undisturbed.Hash, (string?)ended.Events[^1]["weightsSha256"]);
    }

    /// <summary>Starts Azurite's table service.</summary>
    /// <returns>Its port.</returns>
    private async Task<string> StartTables()
    {
        string installation = await Azurite.InstallAsync();
        string main = Path.Combine(installation, "node_modules", "azurite", "dist", "src", "table", "main.js");
        // Asked for any port, it does not say which.
        string port = $"{FileMembership.FreePort(IPAddress.Loopback)}";
        _tables = Process.Start(
            new ProcessStartInfo("node", [main, "--location", _folder, "--tablePort", port, "--silent", "--disableTelemetry"])
            {
                RedirectStandardOutput = true,
            })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await _tables.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains("successfully started", StringComparison.Ordinal))
            {
                _ = _tables.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return port;
            }
        }
        throw new InvalidOperationException("Azurite's table service did not start.");
    }
}
