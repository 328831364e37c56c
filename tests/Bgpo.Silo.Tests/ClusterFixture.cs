using System.Diagnostics;
using Bgpo.Silo.Clustering;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Silo.Tests;

/// <summary>
/// A cluster of this machine: silos as hosts of this process or as processes of their own (this executable with arguments), and
/// clients.
/// </summary>
public sealed class ClusterFixture : IAsyncDisposable
{
    /// <summary>The first argument that makes this executable a silo.</summary>
    public const string SiloArgument = "--run-silo";

    /// <summary>How such a silo ends when the others have declared it dead.</summary>
    public const int EvictedExitCode = 3;

    private readonly List<IHost> _hosts = [];
    private readonly List<IHost> _silos = [];
    private readonly List<Process> _processes = [];

    /// <summary>
    /// The variable that makes a silo's process a stranger: its certificate, key and authority, with semicolons between, or
    /// nothing for each; it gives up joining soon, and declares nobody dead.
    /// </summary>
    public const string Stranger = "BGPO_TESTS_STRANGER";

    public string Name { get; } = "silo-tests-" + Guid.NewGuid().ToString("N")[..10];

    /// <summary>What a silo of a process of its own is given.</summary>
    public static ClusterSection GivenSection =>
        Environment.GetEnvironmentVariable(Stranger)?.Split(';') is [{ Length: > 0 } certificate, var key, var authority]
        ? new() { Tls = new TlsSection { Certificate = certificate, Key = key, Authority = authority } }
        : new();

    public static HostApplicationBuilder Builder()
    {
        HostApplicationBuilder builder =
            Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        if (Environment.GetEnvironmentVariable("BGPO_TESTS_LOG") is { Length: > 0 } level)
        {
            builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
                .SetMinimumLevel(Enum.Parse<LogLevel>(level));
        }

        return builder;
    }

    public static IHost BuildSilo(string cluster, string name, ClusterSection section, Action<ISiloBuilder>? configure = null)
    {
        HostApplicationBuilder builder = Builder();
        builder.UseOrleans(silo =>
        {
            ClusterMembership.Join(silo, cluster, section);
            silo.Configure<SiloOptions>(options => options.SiloName = name);
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(20));
            silo.UseSiloMetadata(new Dictionary<string, string> { ["name"] = name });
            if (Environment.GetEnvironmentVariable(Stranger) is not null)
            {
                silo.Configure<ClusterMembershipOptions>(
                    options => (options.MaxJoinAttemptTime, options.NumMissedProbesLimit) = (TimeSpan.FromSeconds(1), 1000));
            }
            configure?.Invoke(silo);
        });
        return builder.Build();
    }

    /// <summary>Starts a silo in this process and waits until it and those started before place grains on one another.</summary>
    public async Task<IHost> StartSiloAsync(string name, ClusterSection? section = null, Action<ISiloBuilder>? configure = null)
    {
        IHost host = BuildSilo(Name, name, section ?? new(), configure);
        await host.StartAsync();
        foreach (IHost other in _silos.Where(
            other => !other.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested))
        {
            await Knows(other, AddressOf(host));
            await Knows(host, AddressOf(other));
        }

        _hosts.Add(host);
        _silos.Add(host);
        return host;
    }

    public async Task<IClusterClient> StartClientAsync(
        ClusterSection? section = null, Action<IClientBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        HostApplicationBuilder builder = Builder();
        builder.UseOrleansClient(client =>
        {
            ClusterMembership.Join(client, Name, section ?? new());
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(5));
            configure?.Invoke(client);
        });
        IHost host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch
        {
            // Disposing it alone would leave it asking again and again.
            await host.StopAsync(CancellationToken.None);
            host.Dispose();
            throw;
        }

        _hosts.Add(host);
        return host.Services.GetRequiredService<IClusterClient>();
    }

    /// <summary>Starts a silo in a process of its own and waits until it is a member.</summary>
    public async Task<Process> StartProcessAsync(string name)
    {
        Process process = Launch(name, _ => { });
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("ready", line);
        return process;
    }

    /// <summary>Starts a silo in a process of its own.</summary>
    public Process Launch(string name, Action<ProcessStartInfo> configure)
    {
        // The suite runs as an executable of its own or by dotnet.
        string[] self = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [typeof(ClusterFixture).Assembly.Location] : [];
        ProcessStartInfo start = new(Environment.ProcessPath!, [.. self, SiloArgument, Name, name])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        configure(start);
        Process process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    /// <summary>Calls until an answer comes: a call may be lost with a silo, so what matters is called again.</summary>
    public static async Task<T> Retry<T>(Func<Task<T>> call)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception failure) when (failure is OrleansException or TimeoutException && !patience.IsCancellationRequested)
            {
                // Another time.
            }
        }
    }

    public static SiloAddress AddressOf(IHost silo) => silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public static IGrainFactory GrainsOf(IHost silo) => silo.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Waits until <paramref name="silo"/> knows of a membership that <paramref name="condition"/> holds for.</summary>
    public static async Task Sees(IHost silo, Func<ClusterMembershipSnapshot, bool> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        IClusterMembershipService membership = silo.Services.GetRequiredService<IClusterMembershipService>();
        await foreach (ClusterMembershipSnapshot snapshot in membership.MembershipUpdates.WithCancellation(patience.Token))
        {
            if (condition(snapshot))
            {
                return;
            }
        }

        Assert.Fail("The silo stopped before it saw what was waited for.");
    }

    /// <summary>
    /// Sends <paramref name="signal"/> (KILL, STOP, CONT, TERM) to <paramref name="process"/>; after STOP, waits until each of
    /// its threads stands still: until then it may answer yet.
    /// </summary>
    public static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("/bin/kill", ["-" + signal, process.Id.ToString()]);
        kill.WaitForExit();
        if (signal == "STOP")
        {
            Assert.True(SpinWait.SpinUntil(() => StandsStill(process.Id), TimeSpan.FromSeconds(20)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            process.Dispose();
        }

        foreach (IHost host in _hosts.AsEnumerable().Reverse())
        {
            await host.StopAsync();
            host.Dispose();
        }

        ClusterFolder.RemoveDead(Name);
    }

    /// <summary>
    /// Waits until <paramref name="silo"/> places grains on <paramref name="other"/>, too: it knows of it, and then, from asking
    /// it, which grains it has.
    /// </summary>
    private static async Task Knows(IHost silo, SiloAddress other)
    {
        await Sees(silo, cluster => cluster.GetSiloStatus(other) == SiloStatus.Active);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        await foreach (ClusterManifest manifest in silo.Services.GetRequiredService<IClusterManifestProvider>()
            .Updates.WithCancellation(patience.Token))
        {
            if (manifest.Silos.ContainsKey(other))
            {
                return;
            }
        }

        Assert.Fail("The silo stopped before it saw what was waited for.");
    }

    private static bool StandsStill(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task").All(thread =>
            {
                // After the command's name, which ends with the last parenthesis, comes the state.
                string stat = File.ReadAllText(thread + "/stat");
                return stat[stat.LastIndexOf(')') + 2] == 'T';
            });
        }
        catch (IOException)
        {
            return false; // a thread ended just then
        }
    }
}
