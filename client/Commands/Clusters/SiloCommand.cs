using System.CommandLine;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Dashboards;
using Bgpo.Client.Hosting;
using Bgpo.Dashboard;
using Bgpo.Grains;
using Bgpo.Grains.Placement;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Hosting;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Client.Commands.Clusters;

/// <summary><c>bgpo silo</c>: joins a cluster, or founds it, and works until it is told to leave.</summary>
internal sealed class SiloCommand
{
    /// <summary>The cluster of those who name none.</summary>
    internal const string DefaultCluster = "default";

    private const string Both = "both";

    private readonly Option<bool> _dashboard = Flags.Switch("--dashboard", DashboardHost.Described);

    private static readonly string Work = SiloTraits.Text(SiloRole.Work);
    private static readonly string State = SiloTraits.Text(SiloRole.State);
    private static readonly string Reward = SiloTraits.Text(SiloRole.Reward);
    private static readonly TimeSpan DefaultDrain = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan OwnerPeriod = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long one that was declared dead, or has not joined yet, may take to end: it has nothing to hand over.
    /// </summary>
    private static readonly TimeSpan NothingToHandOver = TimeSpan.FromSeconds(1);

    private readonly ConsoleContext _context;
    private readonly Option<string?> _cluster = Flags.Text("--cluster", "NAME", "the cluster to join or found; default: default");
    private readonly DeviceOptions _devices = new("cpu:1");
    private readonly Option<string?> _store =
        Flags.Text("--store", "STORE",
            "where runs are kept: a folder, azblob://ACCOUNT/CONTAINER/prefix or azblob+emulator://CONTAINER, the same for " +
                "every silo of a cluster; default: runs");
    private readonly Option<TimeSpan?> _drain =
        Flags.Duration("--drain", "how long it may take to hand over its work when told to leave; default: 25s",
            TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    private readonly Option<string?> _name =
        Flags.Text("--name", "NAME", "what it is called; default: silo-PROCESS, in a cluster of many machines silo-MACHINE-PROCESS");
    private readonly Option<string?> _role =
        Flags.Word("--role", "what it is for: its devices work, it holds state (shards, copies, the controllers of runs), " +
            "both, or it scores completions and does nothing else; default: both", Work, State, Both, Reward);
    private readonly Option<bool> _detached =
        Flags.Switch("--detached", "for a process that starts silos: nothing of its terminal reaches this one");
    private readonly Option<string?> _owner = Flags.Text("--owner", "ID:START", "leave when that process is gone");

    internal SiloCommand(ConsoleContext context)
    {
        _detached.Hidden = true;
        _owner.Hidden = true;
        _context = context;
        Command = new Command("silo", "Joins (or founds) a cluster and works for its runs until SIGTERM or Ctrl-C.")
        {
            _cluster, _devices.Devices, _devices.Threads, _store, _drain, _name, _role, _dashboard, _detached, _owner,
        };
        Drained = SiloDrainCommand.Make(context);
        Command.Subcommands.Add(Drained.Command);
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Its command that asks another silo to leave.</summary>
    internal CommandPart Drained { get; }

    private enum Cause
    {
        Told,
        OwnerGone,
        DeclaredDead,
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("silo --cluster demo --threads 1",
            "one more device for the cluster demo; Ctrl-C or SIGTERM hands its work over and leaves"),
        ("silo --cluster demo --role state",
            "one that only holds state: with it on a machine that stays, others that work come and go and take nothing along"),
        ("silo --cluster demo --role reward",
            "one that only scores completions: slow rewards then take nothing from the devices"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var detached = parsed.GetValue(_detached);
        if (detached)
        {
            ProcessTable.LeaveSession();
        }

        ProcessLimits.Check();
        Telemetry.Check(Environment.GetEnvironmentVariable);
        var settings = Settings(parsed);
        if (!detached)
        {
            await CheckPeers(settings, parsed.GetValue(_name));
        }

        var name = settings.Name ?? BgpoSilo.NameOf(Environment.ProcessId, settings.Clustering);
        var host = BgpoSilo.Build(settings, SiloLogging.Of(settings.Cluster!, name));
        using var telemetry = Telemetry.Start(name, line => Say($"silo {name}: {line}"));
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        await Start(host, name, settings.Cluster!);
        var what = settings.Roles.Contains(SiloRole.Reward) ? "scores completions"
            : Format.Many(settings.Devices.Resolve().Count, "device");
        Tell($"silo {name} of cluster {settings.Cluster}: joined, {what}, "
            + $"process {Environment.ProcessId}, store {_context.Paths.Shown(settings.Store.Location)}");
        if (ClusterMembership.Notice(settings.Clustering) is { } notice)
        {
            Say(notice);
        }

        await using var dashboard = !parsed.GetValue(_dashboard) ? null
            : await DashboardHost.Start(
                _context, settings.Store.Location, settings.Cluster, new DashboardOptions(), _context.Terminal.Out);
        var cause = await WhatEndsIt(lifetime, settings.Owner);
        return cause == Cause.DeclaredDead
            ? await End(host, name, settings.Cluster!)
            : await Drain(host, name, settings.Drain!.Value, cause);
    }

    /// <summary>Joins the cluster. One that is told to end meanwhile takes along what it has put there.</summary>
    private async Task Start(IHost host, string name, string cluster)
    {
        try
        {
            await host.StartAsync(_context.Interrupts.Token);
        }
        catch (OperationCanceledException e)
        {
            var why = ClusterMembership.WhyShutOut(cluster, host.Services);
            using var over = new CancellationTokenSource(NothingToHandOver);
            await host.StopAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            host.Dispose();
            if (_context.Interrupts.Token.IsCancellationRequested)
            {
                throw;
            }
            // The host was stopped by Orleans: the others have declared it dead.
            throw new BadInputException(
                $"silo {name} was declared dead by cluster '{cluster}' before it had joined{(why is null ? "" : $"; {why}")}", e);
        }
    }

    private SiloSettings Settings(ParseResult parsed)
    {
        try
        {
            return new SiloSettings(
                BlobStores.Open(_context.Paths.Store(parsed.GetValue(_store))), _devices.Read(parsed, 1),
                Flags.Checked("--cluster", parsed.GetValue(_cluster) ?? DefaultCluster),
                parsed.GetValue(_name) is { } name ? Flags.Checked("--name", name) : null, parsed.GetValue(_owner) ?? "",
                parsed.GetValue(_drain) ?? DefaultDrain)
            {
                Clustering = _context.Training.Clustering.Cluster,
                Roles = parsed.GetValue(_role) is { } role && role != Both
                    ? [role == Work ? SiloRole.Work : role == State ? SiloRole.State : SiloRole.Reward]
                    : [SiloRole.Work, SiloRole.State],
            };
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    /// <summary>
    /// A silo that keeps runs elsewhere than the others would find none of theirs: it is refused before it joins.
    /// </summary>
    private async Task CheckPeers(SiloSettings settings, string? name)
    {
        if (!_context.Training.IsAlive(settings.Cluster!))
        {
            return;
        }

        IReadOnlyList<SiloDescription> silos;
        try
        {
            var cluster = await _context.Training.Join(settings.Cluster!, _context.Interrupts.Token);
            await using (cluster)
            {
                silos = await cluster.GetSilos(_context.Interrupts.Token);
            }
        }
        catch (BadInputException)
        {
            return; // Nobody answers: those that hang are buried by this silo once it has joined.
        }

        if (silos.FirstOrDefault(silo => silo.Store != settings.Store.Location) is { } other)
        {
            throw new BadInputException(
                $"option --store: value '{settings.Store.Location}': cluster '{settings.Cluster}' keeps its runs in " +
                    $"'{other.Store}'; "
                + $"every silo of a cluster needs the same: --store {other.Store}");
        }

        if (silos.Any(silo => silo.Name == name))
        {
            throw new BadInputException($"option --name: value '{name}': cluster '{settings.Cluster}' has a silo of that name");
        }
    }

    private async Task<Cause> WhatEndsIt(IHostApplicationLifetime lifetime, string owner)
    {
        var cause = new TaskCompletionSource<Cause>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var told = _context.Interrupts.Token.Register(() => cause.TrySetResult(Cause.Told));
        // Nobody else stops this host: Orleans does when the others have declared it dead.
        using var dead = lifetime.ApplicationStopping.Register(() => cause.TrySetResult(Cause.DeclaredDead));
        using var timer = new PeriodicTimer(OwnerPeriod, _context.Time);
        while (owner.Length > 0 && !cause.Task.IsCompleted)
        {
            if (!ProcessTable.Lives(owner))
            {
                cause.TrySetResult(Cause.OwnerGone);
            }

            await Task.WhenAny(cause.Task, timer.WaitForNextTickAsync().AsTask());
        }

        return await cause.Task;
    }

    /// <summary>Hands over what it has and leaves.</summary>
    private async Task<int> Drain(IHost host, string name, TimeSpan deadline, Cause cause)
    {
        Tell($"silo {name}: draining{(cause == Cause.OwnerGone ? ", since the process that started it is gone" : "")}, " +
            $"{Durations.Text(deadline)} at most");
        using var over = new CancellationTokenSource(deadline);
        var stopping = host.StopAsync(over.Token);
        await Task.WhenAny(stopping, Task.Delay(deadline));
        if (stopping.IsCompletedSuccessfully && !over.IsCancellationRequested)
        {
            host.Dispose();
            Tell($"silo {name}: left");
            return ExitCode.Done;
        }

        var why = stopping.IsFaulted ? stopping.Exception.GetBaseException().Message : $"its {Durations.Text(deadline)} are over";
        Say($"silo {name} leaves before all is handed over: {why}; the others do what it had again");
        return ExitCode.Failed;
    }

    /// <summary>Ends at once: others have its grains, and whatever it still says is refused.</summary>
    private async Task<int> End(IHost host, string name, string cluster)
    {
        Say($"silo {name} was declared dead by cluster {cluster} while it did not answer; others have its work, and it ends");
        using var over = new CancellationTokenSource(NothingToHandOver);
        await Task.WhenAny(host.StopAsync(over.Token), Task.Delay(NothingToHandOver));
        return ExitCode.Failed;
    }

    private void Tell(string line) => Write(_context.Terminal.Out, line);

    private void Say(string message) => Write(_context.Terminal.Error, "bgpo: " + message.ReplaceLineEndings(" "));

    private static void Write(TextWriter writer, string line)
    {
        try
        {
            writer.WriteLine(line);
        }
        catch (IOException)
        {
            // Whoever started this silo has gone and reads no more.
        }
    }
}
