using System.Text.RegularExpressions;
using Bgpo.Grains;
using Bgpo.Grains.Hosting;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Devices;
using Bgpo.Silo.Machines;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Silo.Hosting;

/// <summary>What a silo of this process is given.</summary>
/// <param name="Store">Where runs are kept.</param>
/// <param name="Devices">What it computes on.</param>
/// <param name="Cluster">Cluster that the silo founds or joins; null: a cluster of its own.</param>
/// <param name="Name">Short name, for people; null: after the process.</param>
/// <param name="Owner">The process that the silo ends with, as id:start; empty when it stays until told to leave.</param>
/// <param name="Drain">How long the silo may take to leave; null: the host's own time.</param>
public sealed record SiloSettings(
    IBlobStore Store, DeviceSet Devices, string? Cluster = null, string? Name = null, string Owner = "", TimeSpan? Drain = null)
{
    /// <summary>A silo that computes on threads of the processor.</summary>
    /// <param name="store">Where runs are kept.</param>
    /// <param name="threads">How many.</param>
    /// <param name="cluster">Cluster that the silo founds or joins; null: a cluster of its own.</param>
    public SiloSettings(IBlobStore store, int threads, string? cluster = null)
        : this(store, DeviceSet.Cpu(threads), cluster)
    {
    }

    /// <summary>What the silo is for.</summary>
    public IReadOnlyList<SiloRole> Roles { get; init; } = [SiloRole.Work, SiloRole.State];

    /// <summary>The silo's clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How the members of its cluster find one another.</summary>
    public ClusterSection Clustering { get; init; } = new();
}

/// <summary>
/// Builds a silo's host: grains, store, devices. How they join their cluster is said by <see cref="ClusterMembership"/>.
/// </summary>
public static partial class BgpoSilo
{
    /// <summary>How the name of a cluster begins that is one process alone; the process's identity follows.</summary>
    public const string OfProcess = "process-";

    /// <summary>Builds a host that is not started yet.</summary>
    /// <param name="settings">What the silo is given.</param>
    /// <param name="logging">Where logs go; null: nowhere.</param>
    public static IHost Build(SiloSettings settings, Action<ILoggingBuilder>? logging = null)
    {
        // An empty builder: no configuration files, no environment, no console logger that would write into a user's output.
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        logging?.Invoke(builder.Logging);
        GuardedLogging.Use(builder.Services);
        builder.UseOrleans(silo =>
        {
            if (settings.Cluster is { } cluster)
            {
                ClusterMembership.Join(silo, cluster, settings.Clustering);
            }
            else
            {
                // Nobody else's: a silo of some cluster must not take the runs of this process for its own.
                ClusterMembership.Alone(silo, OfProcess + ProcessTable.Own.Identity);
            }
            silo.Configure<SiloOptions>(options => options.SiloName = NameOf(settings));
            silo.UseSiloMetadata(Metadata(settings));
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromHours(2));
        });
        if (settings.Drain is { } drain)
        {
            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drain);
        }
        // The process's signals are its command's to answer, not the host's.
        builder.Services.AddSingleton<IHostLifetime, CommandsLifetime>();
        builder.Services.AddSingleton(settings.Time);
        builder.Services.AddSingleton(new RunCatalog(settings.Store, settings.Time));
        builder.Services.AddSingleton<IPolicyDevices>(_ => new PolicyDevices(settings.Devices));
        builder.Services.AddSingleton(settings.Clustering);
        builder.Services.AddSingleton<IRunOwners, RunOwners>();
        builder.Services.AddBgpoGrains();
        if (settings.Cluster is not null)
        {
            builder.Services.AddHostedService<RunKeeper>();
        }
        return builder.Build();
    }

    /// <summary>Builds the host of a client of a cluster, not started yet.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="clustering">How its members find one another.</param>
    public static IHost BuildClient(string cluster, ClusterSection clustering)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client => ClusterMembership.Join(client, cluster, clustering));
        return builder.Build();
    }

    /// <summary>
    /// The name of a silo that was given none: after its process, and after its machine where others may be of another one; in
    /// containers all silos are process 1.
    /// </summary>
    /// <param name="process">Its process, of this machine.</param>
    /// <param name="cluster">How the members of its cluster find one another.</param>
    public static string NameOf(int process, ClusterSection cluster) => ClusterMembership.SpansMachines(cluster)
        ? $"silo-{NotPlain().Replace(Environment.MachineName.ToLowerInvariant(), "-")}-{process}" : $"silo-{process}";

    private static string NameOf(SiloSettings settings) =>
        settings.Name ?? NameOf(Environment.ProcessId, settings.Clustering);

    private static Dictionary<string, string> Metadata(SiloSettings settings)
    {
        MachineProcess process = ProcessTable.Own;
        // One that only scores has no devices to speak of, and does not load their library.
        bool hasDevices = settings.Roles.Any(role => role != SiloRole.Reward);
        return new Dictionary<string, string>
        {
            [SiloTraits.Name] = NameOf(settings),
            [SiloTraits.Roles] = string.Join(',', settings.Roles.Select(SiloTraits.Text)),
            [SiloTraits.Devices] = $"{(hasDevices ? settings.Devices.Resolve().Count : 0)}",
            [SiloTraits.DeviceKind] = settings.Devices.Kind,
            [SiloTraits.MemoryMiB] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20}",
            [SiloTraits.Numerics] = hasDevices ? PolicyDevices.NumericsOf(settings.Devices) : "",
            [SiloTraits.Process] = $"{process.Id}",
            [SiloTraits.ProcessStart] = $"{process.Start}",
            [SiloTraits.Store] = settings.Store.Location,
            [SiloTraits.Owner] = settings.Owner,
        };
    }

    [GeneratedRegex("[^a-z0-9-]")]
    private static partial Regex NotPlain();

    /// <summary>A host that starts and stops when it is told to.</summary>
    private sealed class CommandsLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
