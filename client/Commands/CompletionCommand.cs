using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;

namespace Bgpo.Client.Commands;

/// <summary>
/// <c>bgpo completion</c>: what a shell needs to complete command lines; the words come from the command line itself.
/// </summary>
internal sealed class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    private readonly Argument<string> _shell = new("SHELL") { Description = "bash, zsh or fish" };
    private readonly Argument<string[]> _words = new("WORD") { Arity = ArgumentArity.ZeroOrMore };

    internal CompletionCommand(ConsoleContext context)
    {
        Command = new Command("completion", "Prints a script that makes a shell complete command lines.") { _shell };
        Command.SetAction(parsed =>
        {
            var shell = parsed.GetValue(_shell)!;
            if (!Shells.Contains(shell))
            {
                throw new BadInputException(
                    $"shell '{shell}': one of {string.Join(", ", Shells)}{Usage.Suggestion(shell, Shells)}");
            }

            context.Terminal.Out.Write(Script(shell));
            return ExitCode.Done;
        });
        Words = new Command("complete", "Says how the last of some words can go on.") { _words };
        Words.Hidden = true;
        Words.SetAction(parsed =>
        {
            // The words are parsed as the command line that they are the beginning of.
            foreach (var word in Completions.Of(Words.Parents.OfType<Command>().First(), parsed.GetValue(_words)!))
            {
                context.Terminal.Out.WriteLine(word);
            }

            return ExitCode.Done;
        });
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("completion bash > ~/.bgpo-completion", "then `source ~/.bgpo-completion`, in ~/.bashrc to keep it"),
        ("completion zsh > ~/.zfunc/_bgpo", "for zsh, in a folder of fpath"),
        ("completion fish > ~/.config/fish/completions/bgpo.fish", "for fish"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>What the scripts call.</summary>
    internal Command Words { get; }

    private static string Script(string shell) => shell switch
    {
        "bash" => """
            # bgpo completion for bash
            _bgpo() {
                local IFS=$'\n'
                COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
            }
            complete -o default -F _bgpo bgpo ./bgpo

            """,
        "zsh" => """
            #compdef bgpo
            # bgpo completion for zsh
            _bgpo() {
                local -a found
                found=(${(f)"$(${words[1]} complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
                (( ${#found} )) && compadd -- $found || _files
            }
            compdef _bgpo bgpo ./bgpo

            """,
        _ => """
            # bgpo completion for fish
            function __bgpo_complete
                set -l words (commandline -opc) (commandline -ct)
                $words[1] complete -- $words[2..] 2>/dev/null
            end
            complete -c bgpo -a '(__bgpo_complete)'

            """,
    };
}
