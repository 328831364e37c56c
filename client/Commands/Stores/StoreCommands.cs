using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Runs;
using Bgpo.Client.Hosting;

namespace Bgpo.Client.Commands.Stores;

/// <summary>The commands about what a store holds, and the emulator of one.</summary>
internal sealed class StoreCommands
{
    internal StoreCommands(ConsoleContext context)
    {
        CheckpointsCommand checkpoints = new(context);
        Roots = [RunListCommand.MakeRuns(context), checkpoints.Part, ExportCommand.Make(context), JournalCommand.Make(context),
            AzuriteCommand.Make(context)];
        Parts = [.. Roots, .. checkpoints.Parts];
    }

    /// <summary>Those of the root.</summary>
    internal IReadOnlyList<CommandPart> Roots { get; }

    /// <summary>All, each with its examples.</summary>
    internal IReadOnlyList<CommandPart> Parts { get; }

    /// <summary>The option that all take.</summary>
    internal static Option<string?> StoreOption() => Flags.Text(
        "--store", "STORE", "where runs are kept: a folder, azblob://ACCOUNT/CONTAINER/prefix or azblob+emulator://CONTAINER; " +
            "default: runs");

    /// <summary>The full path of a folder to make.</summary>
    /// <exception cref="BadInputException">There is something in its place.</exception>
    internal static string NewFolder(ConsoleContext context, string given)
    {
        var folder = context.Paths.Full(given);
        return File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            ? throw new BadInputException($"option --out: value '{given}': is there already; name a new or empty folder")
            : folder;
    }

    /// <summary>Bytes as people read them.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MiB",
        _ => $"{bytes / 1073741824.0:0.0} GiB",
    };
}
