using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo model</c>: looks into model folders, and makes some.</summary>
internal sealed class ModelCommand
{
    internal ModelCommand(ConsoleContext context)
    {
        Parts = [ModelInspectCommand.Make(context), ModelMakeCommand.Make(context)];
        Command = new Command("model", "Looks into model folders, and makes random ones for trials.");
        foreach (var part in Parts)
        {
            Command.Subcommands.Add(part.Command);
        }
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("model inspect LLaDA-8B-Instruct", "family, parameters, tokenizer, memory; says what is wrong with a folder"),
        ("model make --like llada-8b --scale 60M --out models/tiny", "a random checkpoint in LLaDA's exact format"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>Its commands, each with its examples.</summary>
    internal IReadOnlyList<CommandPart> Parts { get; }
}
