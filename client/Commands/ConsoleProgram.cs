using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands;

/// <summary>The console as a process.</summary>
internal static class ConsoleProgram
{
    /// <summary>Runs this process's command line to its end.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="more">Commands of the program's own.</param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    internal static async Task<int> Run(string[] arguments, Func<ConsoleContext, IReadOnlyList<CommandPart>> more)
    {
        var terminal = Terminal.OfProcess();
        using var interrupts = new Interrupts(leave: () =>
        {
            if (terminal.IsInteractive)
            {
                terminal.BesideARun().Out.Write(LiveScreen.ShowCursor);
            }

            Environment.Exit(ExitCode.Interrupted);
        });
        if (ProcessLimits.RefusalToStart() is { } refusal)
        {
            terminal.Error.WriteLine("bgpo: " + refusal);
            return ExitCode.BadInput;
        }

        ProjectPaths paths;
        try
        {
            paths = ProjectPaths.OfProcess();
            interrupts.Listen(Interrupts.NoticesOf(Environment.GetEnvironmentVariable(Interrupts.Variable)));
        }
        catch (BadInputException e)
        {
            terminal.Error.WriteLine("bgpo: " + e.Message);
            return ExitCode.BadInput;
        }

        var machine = Hosts.Machine();
        var context = new ConsoleContext(
            terminal, paths, interrupts, TimeProvider.System, Hosts.Training(machine), Hosts.Models(), machine);
        return await new BgpoCommandLine(context, more(context)).Run(arguments);
    }
}
