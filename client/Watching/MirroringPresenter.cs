using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Shows a run by another presenter, and mirrors its metrics.</summary>
/// <param name="inner">The other presenter.</param>
/// <param name="mirror">The mirror; closed with this.</param>
internal sealed class MirroringPresenter(IRunPresenter inner, MetricsMirror mirror) : IRunPresenter
{
    private bool _isBroken;
    private StepMetrics? _last;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        inner.On(happened);
        var metrics = happened switch
        {
            StepCommitted step => step.Metrics,
            Evaluated evaluated when evaluated.Version == _last?.Version => _last with { Evaluation = evaluated.Result },
            _ => null,
        };
        if (metrics is null || _isBroken)
        {
            return;
        }

        _last = metrics;
        try
        {
            mirror.Append(metrics);
        }
        catch (IOException e)
        {
            _isBroken = true; // A copy is not worth a run.
            inner.Say($"{mirror.Path} is no longer written: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Say(string message) => inner.Say(message);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        mirror.Dispose();
    }
}
