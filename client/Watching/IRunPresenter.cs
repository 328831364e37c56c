using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Shows a run to its watcher. Disposing it leaves the terminal as it was found.</summary>
internal interface IRunPresenter : IAsyncDisposable
{
    /// <summary>An event of the run.</summary>
    void On(RunEvent happened);

    /// <summary>Something that the console itself has to say.</summary>
    void Say(string message);
}

/// <summary>Plain lines, for logs and pipes.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="quiet">Leaves out the steps.</param>
internal sealed class PlainPresenter(Terminal terminal, bool quiet) : IRunPresenter
{
    private readonly PlainLines _lines = new();

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        if (_lines.Of(happened) is { } line && !(quiet && happened is StepCommitted or CheckpointSaved))
            terminal.Out.WriteLine(line);
    }

    /// <inheritdoc/>
    public void Say(string message) => terminal.Error.WriteLine("bgpo: " + message);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}

/// <summary>JSON lines, for scripts.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="peakRssMiB">This process's peak memory when asked.</param>
internal sealed class JsonPresenter(Terminal terminal, Func<double> peakRssMiB) : IRunPresenter
{
    /// <inheritdoc/>
    public void On(RunEvent happened) => terminal.Out.WriteLine(JsonLines.Of(happened, happened is RunCompleted ? peakRssMiB() : 0));

    /// <inheritdoc/>
    public void Say(string message) => terminal.Error.WriteLine("bgpo: " + message);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}

/// <summary>The live view, painted a few times a second.</summary>
internal sealed class LivePresenter : IRunPresenter
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);

    /// <summary>Frames after which the clocks of a view without news are painted anew.</summary>
    private const int IdleFrames = 5;

    private readonly Lock _lock = new();
    private readonly TrainingView _view = new();
    private readonly LiveScreen _screen;
    private readonly TimeProvider _time;
    private readonly PeriodicTimer _timer;
    private readonly Task _painting;
    private bool _changed = true;

    /// <param name="terminal">Where to paint.</param>
    /// <param name="time">The clock.</param>
    internal LivePresenter(Terminal terminal, TimeProvider time)
    {
        _time = time;
        _screen = new LiveScreen(terminal);
        Paint();
        _timer = new PeriodicTimer(Frame, time);
        _painting = PaintFrames();
    }

    /// <inheritdoc/>
    public void On(RunEvent happened) => Change(() => _view.On(happened, _time.GetUtcNow()));

    /// <inheritdoc/>
    public void Say(string message) => Change(() => _view.Footer(message));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _painting.ConfigureAwait(false);
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
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false))
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
