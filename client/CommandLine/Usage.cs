using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Bgpo.Spec;

namespace Bgpo.Client.CommandLine;

/// <summary>Help with examples, and what is said about wrong usage.</summary>
internal static class Usage
{
    /// <summary>Help that ends with examples.</summary>
    /// <param name="help">The usual help.</param>
    /// <param name="examples">Examples by command: command lines without the program's name, and what they do.</param>
    /// <param name="program">The program as the user types it.</param>
    internal sealed class HelpWithExamples(
        HelpAction help, IReadOnlyDictionary<Command, IReadOnlyList<(string Line, string Meaning)>> examples, string program)
        : SynchronousCommandLineAction
    {
        /// <inheritdoc/>
        public override bool ClearsParseErrors => true;

        /// <inheritdoc/>
        public override int Invoke(ParseResult parseResult)
        {
            help.Invoke(parseResult);
            if (examples.TryGetValue(parseResult.CommandResult.Command, out var lines))
            {
                var output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Examples:");
                foreach (var (line, meaning) in lines)
                {
                    output.WriteLine($"  {program} {line}");
                    output.WriteLine($"      {meaning}");
                }

                output.WriteLine();
            }

            return ExitCode.Done;
        }
    }

    /// <summary>The first thing wrong with a command line, in one line; null when nothing is.</summary>
    internal static string? Error(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0)
        {
            return null;
        }

        var command = parsed.CommandResult.Command;
        var name = string.Join(' ', Path(command));
        var see = $" (see {name} --help)";
        if (parsed.UnmatchedTokens is [var token, ..])
        {
            if (token.StartsWith('-'))
            {
                var known = Lineage(command).SelectMany(c => c.Options).Where(o => !o.Hidden).Select(o => o.Name);
                return $"unknown option '{token}' of {name}{Suggestion(token, known)}{see}";
            }

            if (command.Subcommands.Count > 0)
            {
                return $"unknown command '{token}' of {name}{Meant(token, command)}{see}";
            }

            return $"unexpected argument '{token}' of " +
                $"{name}{(command.Arguments.Count > 0 ? "; put quotes around text with spaces" : "")}{see}";
        }

        if (parsed.Errors[0].SymbolResult is ArgumentResult { Parent: CommandResult } missing)
        {
            return $"{name} needs {missing.Argument.Name}{see}";
        }

        if (command.Subcommands.Count > 0 && (command.Action is null || !command.Parents.Any()))
        {
            return $"{name} needs a command: {string.Join(", ", Commands(command))}{see}";
        }

        var message = parsed.Errors[0].Message.TrimEnd('.');
        return message.StartsWith("option ", StringComparison.Ordinal)
            ? message
            : char.ToLowerInvariant(message[0]) + message[1..].ReplaceLineEndings(" ") + see;
    }

    /// <summary>Whether an option is one of the command's that was given.</summary>
    internal static bool Knows(ParseResult parsed, Option option) =>
        Lineage(parsed.CommandResult.Command).Any(command => command.Options.Contains(option));

    /// <summary>The commands under a command; <c>test</c> is the entry script's.</summary>
    private static IEnumerable<string> Commands(Command command) =>
        command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)
            .Concat(command.Parents.Any() ? [] : Completions.OfTheScript);

    /// <summary>Which command was perhaps meant: one of its own, or one of theirs, whose first word was left out.</summary>
    private static string Meant(string token, Command command)
    {
        if (Suggestion(token, Commands(command)) is { Length: > 0 } own)
        {
            return own;
        }

        var below = command.Subcommands.Where(c => !c.Hidden)
            .SelectMany(c => c.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, Full: $"'{c.Name} {sub.Name}'")))
                .ToLookup(sub => sub.Name, sub => sub.Full);
        return Nearest.To(token, below.Select(sub => sub.Key)) is { } near
            ? $"; did you mean {string.Join(" or ", below[near])}?" : "";
    }

    /// <summary>What was perhaps meant; empty when nothing is near.</summary>
    internal static string Suggestion(string token, IEnumerable<string> known) =>
        Nearest.Hint(token.Split('=')[0], known);

    private static IEnumerable<string> Path(Command command) => Lineage(command).Select(c => c.Name).Reverse();

    private static IEnumerable<Command> Lineage(Command command)
    {
        for (Command? c = command; c is not null; c = c.Parents.OfType<Command>().FirstOrDefault())
        {
            yield return c;
        }
    }
}
