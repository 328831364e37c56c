using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Model;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Devices;
using Bgpo.Storage.Blobs;
using Bgpo.Tasks.Sandboxes;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo doctor</c>: what this machine has, and how to mend what it lacks.</summary>
internal sealed class DoctorCommand
{
    /// <summary>What a silo of the project's own model takes, and room for a second one.</summary>
    private const double EnoughMemoryMiB = 1024;
    private const double EnoughDiskMiB = 1024;

    private readonly ConsoleContext _context;
    private readonly Option<string?> _store = Flags.Text("--store", "FOLDER", "the store to try; default: runs");
    private readonly Option<bool> _json = Flags.Json("a JSON line for each check on stdout");

    internal DoctorCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("doctor", "Checks what this machine has, and says how to mend what it lacks.") { _store, _json };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("doctor", "processor, memory, libtorch, sandbox, store, disk, clusters; exit code 1 when something is to be mended"),
        ("doctor --store /data/runs --json", "for scripts, and another store"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var folder = _context.Paths.Store(parsed.GetValue(_store));
        Finding[] findings =
        [
            Processor(), Memory(), Limits(), Numerics(), Gpu(), Sandbox(), await Store(folder), Disk(folder), Clusters(),
            Project(),
        ];
        var json = parsed.GetValue(_json);
        foreach (var finding in findings)
        {
            _context.Terminal.Out.WriteLine(json
                ? JsonLines.Line(new { Check = finding.What, Ok = finding.Mend is null, Found = finding.Said, finding.Mend })
                : $"{(finding.Mend is null ? "ok  " : "MEND")}  {finding.What,-10}  " +
                    $"{finding.Said}{(finding.Mend is { } mend ? $"\n                  {mend}" : "")}");
        }

        return findings.All(finding => finding.Mend is null) ? ExitCode.Done : ExitCode.Failed;
    }

    private static Finding Processor()
    {
        var isKnown = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;
        return new Finding(
            "processor", $"{CpuName()}, {Format.Many(Environment.ProcessorCount, "core")}, {RuntimeInformation.OSDescription}, " +
                $".NET {Environment.Version}",
            isKnown ? null : "only Linux on x86-64 is tried; a virtual machine or container with it works");
    }

    private static Finding Memory()
    {
        var free = Field("/proc/meminfo", "MemAvailable:") / 1024;
        // A container's own limit is not in meminfo.
        var allowed = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1048576.0;
        return new Finding(
            "memory", $"{Format.Count(Math.Min(free, allowed))} MiB to be had",
            Math.Min(free, allowed) >= EnoughMemoryMiB ? null
                : $"each silo of a small model takes about 350 MiB; free some, or use fewer --silos and --threads");
    }

    private static Finding Limits() => ProcessLimits.Refusal() is { } refusal
        ? new Finding("limits", refusal.Split(": raise ")[0], "raise " + refusal.Split(": raise ")[1])
        : new Finding("limits", "address space and open files suffice", null);

    private static Finding Numerics()
    {
        if (ProcessLimits.Refusal() is not null)
        {
            // Libtorch ends the process where it cannot be mapped.
            return new Finding("numerics", "not tried under these limits", "raise them first");
        }

        try
        {
            using var devices = new PolicyDevices(DeviceSet.Cpu(1));
            return new Finding("numerics", $"{devices.Fingerprint}; TorchSharp's native library {Libtorch.Adaptation}", null);
        }
#pragma warning disable CA1031 // Whatever keeps libtorch from loading is what this check is for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Finding(
                "numerics", $"libtorch does not load: {e.GetBaseException().Message.ReplaceLineEndings(" ")}",
                "remove artifacts/libtorch-cpu and artifacts/*.stamp, and start again by the script: the build gathers the " +
                    "native libraries anew");
        }
    }

    private static Finding Gpu()
    {
        if (!File.Exists("/proc/driver/nvidia/version"))
        {
            return new Finding("gpu", "none; CPU devices are used", null);
        }

        try
        {
            return new Finding("gpu", $"{string.Join(", ", DeviceSet.TryParse("cuda:all")!.Resolve())}: --devices cuda:all",
                null);
        }
        catch (ModelException e)
        {
            return new Finding("gpu", $"an NVIDIA driver is there; {e.Message}", null);
        }
    }

    private static Finding Sandbox()
    {
        // Not to be mended by those who train on other tasks.
        return new Finding("sandbox", SandboxPool.Refusal() is { } refusal
            ? $"none, which the tasks code and pyfunc need: {refusal}"
            : "bubblewrap starts Python, for the tasks code and pyfunc", null);
    }

    /// <summary>What a run does to its store: writes, replaces, reads back, lists, deletes; and its clock.</summary>
    private async Task<Finding> Store(string folder)
    {
        const string mend = "name a folder that you may write to with --store";
        var isFolder = BlobStores.IsFolder(folder);
        try
        {
            // A folder that the first run makes is not made here: one beside it is tried.
            var isNew = isFolder && !Path.Exists(folder);
            var tried = isNew ? Path.Combine(Above(folder), $".bgpo-doctor-{Environment.ProcessId}") : folder;
            var store = BlobStores.Open(tried);
            var name = $"doctor-{Environment.ProcessId}/try";
            var token = _context.Interrupts.Token;
            var started = _context.Time.GetTimestamp();
            byte[] content = [1, 2, 3];
            var etag = await store.PutAsync(name, content, token);
            var isReplaced = await store.PutIfUnchangedAsync(name, content, etag, token) is not null;
            var entry = await store.FindAsync(name, token);
            var isRead = (await store.GetAsync(name, token))?.Content.Span.SequenceEqual(content) == true;
            await store.DeleteAsync(name, token);
            var took = _context.Time.GetElapsedTime(started).TotalMilliseconds;
            if (isFolder)
            {
                Directory.Delete(isNew ? tried : Path.Combine(folder, $"doctor-{Environment.ProcessId}"), recursive: true);
            }

            var skew = Math.Abs((_context.Time.GetUtcNow() - (entry?.Modified ?? default)).TotalSeconds);
            if (!isReplaced || !isRead)
            {
                return new Finding("store", $"{_context.Paths.Shown(folder)} does not give back what was written", mend);
            }

            return new Finding(
                "store", $"{_context.Paths.Shown(folder)}{(isNew ? ", which the first run makes" : "")}: written, replaced, " +
                    $"read and deleted in {Format.Short(took)} ms",
                skew < 60 ? null : $"its clock and this machine's are {skew:0} s apart; set them by NTP");
        }
        catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException)
        {
            return new Finding("store", e.Message, mend);
        }
    }

    private static string Above(string folder)
    {
        while (!Path.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    private Finding Disk(string folder)
    {
        try
        {
            // A store elsewhere leaves this machine's disk to logs and exports.
            var free = new DriveInfo(Above(BlobStores.IsFolder(folder) ? folder : _context.Paths.WorkingFolder))
                .AvailableFreeSpace / 1048576.0;
            return new Finding(
                "disk", $"{Format.Count(free)} MiB free for {_context.Paths.Shown(folder)}",
                free >= EnoughDiskMiB ? null
                    : "a checkpoint is three times the model, kept for each version; free some, or name another --store");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Finding("disk", e.Message, "name another --store");
        }
    }

    private Finding Clusters()
    {
        try
        {
            var live = ClusterFolder.Live();
            var silos = _context.Machine.Silos(_ => true);
            var lost = silos.Where(silo => silo.IsStopped).ToArray();
            return new Finding(
                "clusters", $"{(live.Count == 0 ? "none live" : string.Join(", ", live) + " live")}; " +
                    $"{Format.Many(silos.Count, "silo process")}",
                lost.Length == 0 ? null
                    : $"stopped (SIGSTOP) since somebody wanted so: {string.Join(", ", lost.Select(silo => silo.Id))}; kill " +
                        "-CONT wakes them");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Finding("clusters", e.Message,
                "the folder of clusters must be yours alone (mode 700): see XDG_RUNTIME_DIR and TMPDIR");
        }
    }

    private Finding Project() => _context.Paths.Config("sudoku.yaml") is { } config
        ? new Finding("project", $"specs in {_context.Paths.Shown(Path.GetDirectoryName(config)!)}", null)
        : new Finding("project", "no configs/ here",
            $"start the console by its script ({_context.Paths.Command}) or name specs with --config");

    private static string CpuName() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
                ?? "unknown processor"
        : "unknown processor";

    private static double Field(string file, string name) => File.Exists(file)
        && File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? double.Parse(line[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture)
        : 0;

    /// <summary>What a check found.</summary>
    /// <param name="What">What was looked at.</param>
    /// <param name="Said">What is there.</param>
    /// <param name="Mend">What to do; null where nothing is.</param>
    private sealed record Finding(string What, string Said, string? Mend);
}
