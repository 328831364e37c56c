using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Metrics;

/// <summary>The options by which whoever watches a run has its steps written down.</summary>
internal sealed class RecordingOptions
{
    private readonly Option<string?> _tensorBoard =
        Flags.Text("--tensorboard", "DIR",
            "write TensorBoard event files to DIR/RUN; a version is written once, whoever watches");
    private readonly Option<string?> _mirror =
        Flags.Text("--mirror", "DIR", "keep DIR/RUN/metrics.jsonl too, a line a step, from the store and as steps are committed");

    /// <summary>Adds them to a command.</summary>
    internal void On(Command command)
    {
        command.Options.Add(_tensorBoard);
        command.Options.Add(_mirror);
    }

    /// <summary>Refuses what cannot be written, before there is a run whose steps are to be written.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">The run's id.</param>
    /// <exception cref="BadInputException">It cannot.</exception>
    internal void Check(ConsoleContext context, ParseResult parsed, string run)
    {
        if (Folder(context, parsed, _mirror) is { } mirror)
        {
            WritableFolder.Check(Path.Combine(mirror, run), MetricsMirror.FileName, Named(parsed, _mirror));
        }

        if (Folder(context, parsed, _tensorBoard) is { } board)
        {
            WritableFolder.Check(Path.Combine(board, run), null, Named(parsed, _tensorBoard));
        }
    }

    /// <summary>Refuses the options where nobody watches.</summary>
    /// <param name="parsed">The command line.</param>
    /// <exception cref="BadInputException">One of them is given.</exception>
    internal void RefuseUnwatched(ParseResult parsed)
    {
        if (new[] { _tensorBoard, _mirror }.FirstOrDefault(option => parsed.GetValue(option) is not null) is { } given)
        {
            throw new BadInputException($"option {given.Name}: only beside --wait: whoever watches the run writes it");
        }
    }

    /// <summary>A presenter that also writes down, where it was asked for, and says so when it cannot: the run goes on.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="shown">The presenter.</param>
    /// <param name="store">The run's store, for what is committed already.</param>
    internal async Task<IRunPresenter> WrapBesideARun(
        ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store)
    {
        foreach (var wrap in new[] { Mirrored, Boarded })
        {
            try
            {
                shown = await wrap(context, parsed, shown, store, shown.Say);
            }
            catch (Exception e) when (e is BadInputException or StorageException)
            {
                shown.Say(e.Message);
            }
            catch (OperationCanceledException) when (context.Interrupts.Token.IsCancellationRequested)
            {
                // What Ctrl-C means is for the watch itself to say.
            }
        }

        return shown;
    }

    /// <summary>A presenter that also writes down, where it was asked for, and fails when it cannot.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="shown">The presenter.</param>
    /// <param name="store">The run's store, for what is committed already.</param>
    /// <exception cref="BadInputException">It cannot be written there.</exception>
    internal async Task<IRunPresenter> Wrap(ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store)
    {
        try
        {
            return await Boarded(context, parsed, await Mirrored(context, parsed, shown, store, Fail), store, Fail);
        }
        catch
        {
            await shown.DisposeAsync();
            throw;
        }

        static void Fail(string message) => throw new BadInputException(message);
    }

    private async Task<IRunPresenter> Mirrored(
        ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store, Action<string> failed) =>
        Folder(context, parsed, _mirror) is not { } folder ? shown
        : new MirroringPresenter(shown, await MetricsMirror.Open(folder, store, context.Interrupts.Token), failed);

    private async Task<IRunPresenter> Boarded(
        ConsoleContext context, ParseResult parsed, IRunPresenter shown, RunStore store, Action<string> failed)
    {
        if (Folder(context, parsed, _tensorBoard) is not { } folder)
        {
            return shown;
        }

        try
        {
            var recorder = new RecordingPresenter(
                shown, new TensorBoardFolder(Path.Combine(folder, store.RunId), context.Time), failed);
            if (await store.ReadAsync(context.Interrupts.Token) is { } run && RunHistory.Before(run.Record) is { } before)
            {
                recorder.CatchUp([before]);
            }

            recorder.CatchUp(await RunHistory.ReadFrom(store, 1, context.Interrupts.Token));
            return recorder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{Named(parsed, _tensorBoard)}: cannot be written to: {e.Message}", e);
        }
    }

    private static string? Folder(ConsoleContext context, ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) switch
        {
            null => null,
            "" => throw new BadInputException($"option {option.Name}: value '': a folder"),
            var given => context.Paths.Full(given),
        };

    private static string Named(ParseResult parsed, Option<string?> option) =>
        $"option {option.Name}: value '{parsed.GetValue(option)}'";
}
