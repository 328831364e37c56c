using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Proof;

/// <summary>Keeps what a run tells, and lets others wait for its versions.</summary>
/// <param name="time">The clock.</param>
internal sealed class RunRecorder(TimeProvider time) : IRunPresenter
{
    private readonly Lock _gate = new();
    private readonly List<(int Version, TaskCompletionSource Reached)> _waiting = [];
    private readonly SortedDictionary<int, (DateTimeOffset At, StepMetrics Metrics)> _steps = [];
    private readonly List<WorkMoved> _moves = [];
    private int _version;

    /// <summary>Versions committed: when last, and what was measured.</summary>
    internal IReadOnlyDictionary<int, (DateTimeOffset At, StepMetrics Metrics)> Steps
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<int, (DateTimeOffset, StepMetrics)>(_steps);
            }
        }
    }

    /// <summary>Work of failed calls that started elsewhere.</summary>
    internal IReadOnlyList<WorkMoved> Moves
    {
        get
        {
            lock (_gate)
            {
                return [.. _moves];
            }
        }
    }

    /// <summary>Times that a version was committed again after the run had gone back.</summary>
    internal int Repeated { get; private set; }

    /// <summary>The highest version committed.</summary>
    internal int Version => _version;

    /// <summary>Waits until a version is committed.</summary>
    internal Task Reached(int version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_version >= version)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((version, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        lock (_gate)
        {
            if (happened is WorkMoved moved)
            {
                _moves.Add(moved);
            }

            if (happened is not StepCommitted { Metrics: var step })
            {
                return;
            }

            if (_steps.ContainsKey(step.Version))
            {
                Repeated++;
            }

            _steps[step.Version] = (time.GetUtcNow(), step);
            _version = Math.Max(_version, step.Version);
            foreach (var (_, reached) in _waiting.Where(waiting => waiting.Version <= _version).ToArray())
            {
                reached.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Version <= _version);
        }
    }

    /// <inheritdoc/>
    public void Say(string message)
    {
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
