using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Shows a run by another presenter, and mirrors its metrics.</summary>
/// <param name="inner">The other presenter.</param>
/// <param name="mirror">The mirror; closed with this.</param>
/// <param name="failed">Told once when it can no longer be written.</param>
internal sealed class MirroringPresenter(IRunPresenter inner, MetricsMirror mirror, Action<string> failed) : IRunPresenter
{
    private readonly BestEffort _effort = new(mirror.Path, failed);
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
        if (metrics is null)
        {
            return;
        }

        _last = metrics;
        _effort.Try(() => mirror.Append(metrics));
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
