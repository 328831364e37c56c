using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Tasks;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo tasks</c>: what a model can be taught.</summary>
internal static class TasksCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var json = Flags.Json("a JSON line for each task on stdout");
        var command = new Command("tasks", "Lists the tasks, with an example of each.") { json };
        command.SetAction(parsed =>
        {
            foreach (var task in TaskDescription.All)
            {
                context.Terminal.Out.WriteLine(parsed.GetValue(json) ? JsonLines.Line(task) : Text(task));
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("tasks", "names, what is asked, what data is needed; docs/tasks.md has each one's settings"),
            ("tasks --json | jq -r .name", "for scripts"),
        ]);
    }

    private static string Text(TaskDescription task) =>
        $"""
        {task.Name}
          what     {task.What}
          data     {task.Data}
          prompt   {Shown(task.Prompt)}
          answer   {Shown(task.Answer)}
        """;

    private static string Shown(string text) => text.ReplaceLineEndings("\\n");
}
