using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Plotting;
using Bgpo.Client.Runs;
using Bgpo.Grains;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run plot</c>: a run's curves, in the terminal or as a picture.</summary>
internal static class RunPlotCommand
{
    private const int Rows = 5;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var names = RunHistory.Curves.Select(curve => curve.Name).ToArray();
        var curves = Flags.Text(
            "--curves", "NAMES", $"which, with commas between: {string.Join(", ", names)}; default: reward,solved,norm,seconds");
        curves.CompletionSources.Add(names);
        var file = Flags.Text("--out", "FILE", "an SVG picture to write; default: draws in the terminal");
        var command = selection.On(new Command("plot", "Draws a run's curves over its versions.") { curves, file });
        command.SetAction(async (parsed, _) =>
        {
            var wanted = (parsed.GetValue(curves) ?? "reward,solved,norm,seconds").Split(',', StringSplitOptions.TrimEntries);
            if (wanted.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
            {
                throw new BadInputException(
                    $"option --curves: value '{unknown}': one of {string.Join(", ", names)}{Usage.Suggestion(unknown, names)}");
            }

            var path = parsed.GetValue(file);
            if (path?.EndsWith(".svg", StringComparison.OrdinalIgnoreCase) == false)
            {
                throw new BadInputException($"option --out: value '{path}': expected a name that ends in .svg");
            }

            var target = await selection.Find(context, parsed, join: false);
            await using var leaving = target;
            var steps = await RunHistory.Read(target.Store, context.Interrupts.Token);
            StepMetrics[] evaluated =
                [.. RunHistory.Before(target.Record) is { } before ? [before] : Array.Empty<StepMetrics>(),
                    .. steps.Where(step => step.Evaluation is not null)];
            if (wanted.Contains("eval") && evaluated.Length == 0)
            {
                throw new BadInputException($"option --curves: value 'eval': run '{target.Run}' has no evaluation yet");
            }

            Curve[] drawn =
            [
                .. wanted.Select(name => RunHistory.Curves.First(curve => curve.Name == name))
                    .Select(curve => (curve.Title, curve.Of, Steps: curve.Name == "eval" ? evaluated : steps))
                    .Select(curve => new Curve(
                        curve.Title, [.. curve.Steps.Select(step => (double)step.Version)], [.. curve.Steps.Select(curve.Of)])),
            ];
            var output = context.Terminal.Out;
            if (path is not null)
            {
                try
                {
                    await File.WriteAllTextAsync(
                        context.Paths.Full(path), SvgPlot.Draw($"run {target.Run}", drawn), context.Interrupts.Token);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new BadInputException(
                        $"option --out: value '{path}': " +
                            $"{(e is DirectoryNotFoundException ? "its folder is not there" : $"cannot be written: {e.Message}")}", e);
                }

                output.WriteLine($"wrote {context.Paths.Shown(context.Paths.Full(path))}");
                return ExitCode.Done;
            }

            var width = Math.Max(30, context.Terminal.Size().Width - 1);
            foreach (var line in drawn.SelectMany(curve => TextPlot.Draw(curve, width, Rows)))
            {
                output.WriteLine(line);
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run plot sudoku", "reward, solve rate, gradient norm and seconds a step, in the terminal"),
            ("run plot sudoku --curves reward --out reward.svg", "one of them as a picture"),
        ]);
    }
}
