using Bgpo.Client;
using Bgpo.Client.Commands;
using Bgpo.Client.Watching;





var terminal = Terminal.OfProcess();
using var interrupts = new Interrupts(leave: () =>
{
    if (terminal.IsInteractive)
    {
        terminal.Out.Write(LiveScreen.ShowCursor);
    }

    Environment.Exit(ExitCode.Interrupted);
});
interrupts.Listen();
var machine = Hosts.Machine();
var context = new ConsoleContext(
    terminal, ProjectPaths.OfProcess(), interrupts, TimeProvider.System, Hosts.Training(machine), Hosts.Models(), machine);
return await new BgpoCommandLine(context).Run(args);
