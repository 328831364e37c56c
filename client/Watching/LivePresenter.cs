using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>The live view, painted a few times a second.</summary>
internal sealed class LivePresenter : IRunPresenter
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);

    /// <summary>Frames after which the clocks of a view without news are painted anew.</summary>
    private const int IdleFrames = 4;

    private readonly Lock _lock = new();
    private readonly TrainingView _view = new();
    private readonly LiveScreen _screen;
    private readonly TimeProvider _time;
    private readonly PeriodicTimer _timer;
    private readonly Task _painting;
    private bool _changed = true;

    /// <param name="terminal">Where to paint.</param>
    /// <param name="time">The clock.</param>
    /// <param name="footer">What the watcher may do.</param>
    internal LivePresenter(Terminal terminal, TimeProvider time, string footer = Presenters.StopFooter)
    {
        _time = time;
        _view.Footer(footer);
        _screen = new LiveScreen(terminal);
        Paint();
        _timer = new PeriodicTimer(Frame, time);
        _painting = PaintFrames();
    }

    /// <summary>Shows what was before the first event that its controller remembers.</summary>
    /// <param name="past">Steps and evaluations, oldest first.</param>
    internal void Recall(IEnumerable<RunEvent> past) => Change(() =>
    {
        foreach (var happened in past)
        {
            _view.On(happened, _time.GetUtcNow());
        }
    });

    /// <inheritdoc/>
    public void On(RunEvent happened) => Change(() => _view.On(happened, _time.GetUtcNow()));

    /// <inheritdoc/>
    public void Say(string message) => Change(() => _view.Footer(message));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _painting;
        Paint();
        _screen.Dispose();
    }

    private void Change(Action change)
    {
        lock (_lock)
        {
            change();
            _changed = true;
        }
    }

    private async Task PaintFrames()
    {
        var idle = 0;
        while (await _timer.WaitForNextTickAsync())
        {
            if (_changed || ++idle >= IdleFrames)
            {
                idle = 0;
                Paint();
            }
        }
    }

    private void Paint()
    {
        lock (_lock)
        {
            _changed = false;
            _screen.Paint(_view.Render(_time.GetUtcNow(), _screen.Width));
        }
    }
}
