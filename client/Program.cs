using Bgpo.Client;
using Bgpo.Client.Commands;
using Bgpo.Client.Watching;

var terminal = Terminal.OfProcess();
using var interrupts = new Interrupts(leave: () =>
{
    if (terminal.IsInteractive)
    {
        terminal.BesideARun().Out.Write(LiveScreen.ShowCursor);
    }

    Environment.Exit(ExitCode.Interrupted);
});
try
{
    interrupts.Listen(Interrupts.NoticesOf(Environment.GetEnvironmentVariable(Interrupts.Variable)));
}
catch (BadInputException e)
{
    terminal.Error.WriteLine("bgpo: " + e.Message);
    return ExitCode.BadInput;
}

var machine = Hosts.Machine();
var context = new ConsoleContext(
    terminal, ProjectPaths.OfProcess(), interrupts, TimeProvider.System, Hosts.Training(machine), Hosts.Models(), machine);
return await new BgpoCommandLine(context).Run(args);
