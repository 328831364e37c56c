using System.CommandLine;
using System.CommandLine.Completions;
using Bgpo.Silo.Clustering;
using Bgpo.Tasks;

namespace Bgpo.Client.CommandLine;

/// <summary>How command lines can go on: what the commands themselves know, and what there is on this machine.</summary>
internal static class Completions
{
    /// <summary>Words of the script that starts the console, which are no commands of it.</summary>
    internal static readonly string[] OfTheScript = ["test", "bench"];

    /// <summary>Tells options and arguments of all commands what there is for them.</summary>
    /// <param name="command">The command, with those below it.</param>
    /// <param name="workingFolder">Where the usual folder of runs is.</param>
    internal static void Attach(Command command, string workingFolder)
    {
        foreach (var option in command.Options)
        {
            if (Known(option.Name, workingFolder) is { } found)
            {
                option.CompletionSources.Add(_ => Items(found()));
            }
        }

        foreach (var argument in command.Arguments.Where(
            argument => argument.Name.StartsWith("RUN", StringComparison.Ordinal) || argument.Name == "OTHER"))
        {
            // Help would list what there is just now.
            argument.HelpName = argument.Name;
            argument.CompletionSources.Add(_ => Items(Runs(workingFolder)));
        }

        foreach (var below in command.Subcommands)
        {
            Attach(below, workingFolder);
        }
    }

    /// <summary>The words that can stand in the place of the last one.</summary>
    /// <param name="root">The whole command line.</param>
    /// <param name="words">The words so far; the last may be empty or only begun.</param>
    internal static IEnumerable<string> Of(Command root, string[] words)
    {
        var begun = words.Length > 0 ? words[^1] : "";
        var found = Valued(root, words) is { } option
            ? option.GetCompletions(CompletionContext.Empty).Select(item => item.Label)
            : root.Parse(words).GetCompletions().Select(item => item.Label).Concat(words.Length <= 1 ? OfTheScript : [])
                .Where(word => word.StartsWith('-') == begun.StartsWith('-'));
        return found.Where(word => word.StartsWith(begun, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal);
    }

    /// <summary>The option whose value the last word is; null where it is none.</summary>
    private static Option? Valued(Command root, string[] words)
    {
        if (words.Length < 2 || !words[^2].StartsWith('-'))
        {
            return null;
        }

        Command? command = root.Parse(words[..^2]).CommandResult.Command;
        while (command is not null)
        {
            var named = command.Options.FirstOrDefault(option => option.Name == words[^2] || option.Aliases.Contains(words[^2]));
            if (named is not null)
            {
                return named.ValueType == typeof(bool) ? null : named;
            }

            command = command.Parents.OfType<Command>().FirstOrDefault();
        }

        return null;
    }

    private static Func<IEnumerable<string>>? Known(string option, string workingFolder) => option switch
    {
        "--cluster" => ClusterFolder.Live,
        "--resume" or "--fork" => () => Runs(workingFolder),
        "--task" => () => TaskRegistry.Names,
        _ => null,
    };

    /// <summary>Runs of the usual folder.</summary>
    private static IEnumerable<string> Runs(string workingFolder) =>
        Path.Combine(workingFolder, "runs") is var folder && Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path))
        : [];

    private static IEnumerable<CompletionItem> Items(IEnumerable<string> words) => words.Select(word => new CompletionItem(word));
}
