using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Storage;

namespace Bgpo.Client.Metrics;

/// <summary>The options by which whoever watches a run has its steps written down.</summary>
internal sealed class RecordingOptions
{
    private readonly Option<string?> _tensorBoard = Flags.Text("--tensorboard", "DIR", "write TensorBoard event files to DIR/RUN; a version is written once, whoever watches");
    private readonly Option<string?> _metrics = Flags.Text("--metrics", "FILE", "add a JSON line for each committed version to FILE; a version is written once");

    /// <summary>Adds them to a command.</summary>
    internal void On(Command command)
    {
        command.Options.Add(_tensorBoard);
        command.Options.Add(_metrics);
    }

    /// <summary>A presenter that also writes down, where it was asked for.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="shown">The presenter.</param>
    /// <param name="store">The run's store, for what is committed already.</param>
    /// <exception cref="BadInputException">It cannot be written there.</exception>
    internal async Task<IRunPresenter> Wrap(ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store)
    {
        List<IStepSink> sinks = [];
        try
        {
            if (parsed.GetValue(_tensorBoard) is { } folder)
                sinks.Add(new TensorBoardFolder(Path.Combine(context.Paths.Full(folder), store.RunId), context.Time));
            if (parsed.GetValue(_metrics) is { } file)
                sinks.Add(new MetricsFile(context.Paths.Full(file)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await shown.DisposeAsync().ConfigureAwait(false);
            foreach (var sink in sinks)
                sink.Dispose();
            throw new BadInputException($"option {(sinks.Count == 0 && parsed.GetValue(_tensorBoard) is not null ? "--tensorboard" : "--metrics")}: {e.Message}", e);
        }

        if (sinks.Count == 0)
            return shown;
        var recorder = new StepRecorder(shown, sinks);
        recorder.CatchUp(await Commands.RunHistory.ReadAll(store, context.Interrupts.Token).ConfigureAwait(false));
        return recorder;
    }
}
