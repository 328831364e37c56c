using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Metrics;

/// <summary>The options by which whoever watches a run has its steps written down.</summary>
internal sealed class RecordingOptions
{
    private readonly Option<string?> _tensorBoard = Flags.Text("--tensorboard", "DIR", "write TensorBoard event files to DIR/RUN; a version is written once, whoever watches");
    private readonly Option<string?> _mirror = Flags.Text("--mirror", "DIR", "keep DIR/RUN/metrics.jsonl too, a line a step, from the store and as steps are committed");

    /// <summary>Adds them to a command.</summary>
    internal void On(Command command)
    {
        command.Options.Add(_tensorBoard);
        command.Options.Add(_mirror);
    }

    /// <summary>A presenter that also writes down, where it was asked for.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="shown">The presenter.</param>
    /// <param name="store">The run's store, for what is committed already.</param>
    /// <exception cref="BadInputException">It cannot be written there.</exception>
    internal async Task<IRunPresenter> Wrap(ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store)
    {
        try
        {
            if (parsed.GetValue(_mirror) is { } copy)
            {
                shown = new MirroringPresenter(shown, await MetricsMirror.Open(context.Paths.Full(copy), store, context.Interrupts.Token));
            }

            if (parsed.GetValue(_tensorBoard) is not { } folder)
            {
                return shown;
            }

            var recorder = new StepRecorder(shown, new TensorBoardFolder(Path.Combine(context.Paths.Full(folder), store.RunId), context.Time));
            if (await store.ReadAsync(context.Interrupts.Token) is { } run && Runs.RunHistory.Before(run.Record) is { } before)
            {
                recorder.CatchUp([before]);
            }

            recorder.CatchUp(await Runs.RunHistory.ReadFrom(store, 1, context.Interrupts.Token));
            return recorder;
        }
        catch (Exception e)
        {
            await shown.DisposeAsync();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new BadInputException($"option --tensorboard: value '{parsed.GetValue(_tensorBoard)}': cannot be written to: {e.Message}", e);
            }

            throw;
        }
    }
}
