using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Metrics;

/// <summary>
/// Writes the committed steps of a watched run down beside showing it: each version once, in order, also where a run goes back
/// and takes versions again, or goes on under another watcher. A step is written when its evaluation can have come: when the next
/// one is committed.
/// </summary>
/// <param name="shown">Shows the run.</param>
/// <param name="board">Where to.</param>
/// <param name="failed">Told once when that can no longer be written.</param>
internal sealed class RecordingPresenter(IRunPresenter shown, TensorBoardFolder board, Action<string> failed) : IRunPresenter
{
    private readonly BestEffort _effort = new(board.Folder, failed);
    private StepMetrics? _waiting;

    /// <summary>Writes down what a run's store has already.</summary>
    /// <param name="steps">Its metrics, ascending.</param>
    internal void CatchUp(IEnumerable<StepMetrics> steps)
    {
        foreach (var step in steps)
        {
            Take(step);
        }
    }

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        switch (happened)
        {
            case StepCommitted { Metrics: var step }:
                Take(step);
                break;
            case Evaluated evaluated when _waiting?.Version == evaluated.Version:
                _waiting = _waiting with { Evaluation = evaluated.Result };
                break;
            case Evaluated { Version: 0 } evaluated when _waiting is null:
                _waiting = new StepMetrics { Evaluation = evaluated.Result };
                break;
            case RunCompleted or RunStopped or RunFailed:
                Flush();
                break;
        }

        shown.On(happened);
    }

    /// <inheritdoc/>
    public void Say(string message) => shown.Say(message);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Flush();
        _effort.Try(board.Dispose);
        await shown.DisposeAsync();
    }

    private void Take(StepMetrics step)
    {
        if (_waiting?.Version != step.Version)
        {
            Flush();
        }

        _waiting = step;
    }

    private void Flush()
    {
        if (_waiting is not { } step)
        {
            return;
        }

        if (board.Newest < step.Version)
        {
            _effort.Try(() => board.Write(step));
        }

        _waiting = null;
    }
}
