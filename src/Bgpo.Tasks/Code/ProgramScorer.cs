using System.Security.Cryptography;
using System.Text;
using Bgpo.Spec;
using Bgpo.Tasks.Sandboxes;

namespace Bgpo.Tasks.Code;

/// <summary>
/// Scores completions as a task does: its sandboxes are made with the first one, and equal completions of a problem are run once
/// while they are remembered.
/// </summary>
internal sealed class ProgramScorer : IAsyncDisposable
{
    private const int MostRemembered = 4096;

    private readonly CodeSection _spec;
    private readonly int _workers;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<Score>> _remembered = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = [];
    private readonly CancellationTokenSource _disposed = new();
    private CodeGrader? _grader;

    /// <summary>Makes a scorer.</summary>
    /// <param name="spec">The task's section.</param>
    public ProgramScorer(TaskSection spec)
    {
        _spec = spec.Code;
        _workers = spec.Rewards.Concurrency > 0 ? spec.Rewards.Concurrency : Environment.ProcessorCount;
    }

    /// <summary>Why no program can be run on this machine; null where all is well.</summary>
    public static ValueTask<string?> CheckAsync(CancellationToken cancellationToken) =>
        new(Task.Run(SandboxPool.Refusal, cancellationToken));

    /// <summary>Judges a completion.</summary>
    /// <exception cref="ArgumentException">The prompt's reference is not of a <see cref="CodeProblem"/>.</exception>
    public async ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        CodeProblem problem = CodeProblem.Parse(prompt.Reference);
        string key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{prompt.Reference}\0{completion}")));
        Task<Score> scoring = Remembered(key, () => GradeAsync(problem, completion));
        Score score = await scoring.WaitAsync(cancellationToken);
        if (score.Outcome == Outcome.Failed)
        {
            Forget(key, scoring); // another try is to be one
        }
        return score;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        Task<Score>[] running;
        lock (_gate)
        {
            running = [.. _remembered.Values];
        }
        foreach (Task<Score> one in running)
        {
            await one.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        _grader?.Dispose();
        _disposed.Dispose();
    }

    private Task<Score> Remembered(string key, Func<Task<Score>> grade)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            if (!_remembered.TryGetValue(key, out Task<Score>? scoring))
            {
                scoring = grade();
                _remembered.Add(key, scoring);
                _order.Enqueue(key);
                while (_order.Count > MostRemembered)
                {
                    _remembered.Remove(_order.Dequeue());
                }
            }
            return scoring;
        }
    }

    private void Forget(string key, Task<Score> scoring)
    {
        lock (_gate)
        {
            if (_remembered.TryGetValue(key, out Task<Score>? still) && still == scoring)
            {
                _remembered.Remove(key);
            }
        }
    }

    /// <summary>Called with the gate held, until its first wait.</summary>
    private async Task<Score> GradeAsync(CodeProblem problem, string completion)
    {
        try
        {
            TimeSpan timeout = TimeSpan.FromSeconds(_spec.Timeout);
            _grader ??= new CodeGrader(
                timeout,
                new SandboxLimits { CpuSeconds = (int)Math.Ceiling(2 * _spec.Timeout) + 1, MemoryMiB = _spec.MemoryMiB },
                _spec.Reward == CodeReward.Share, _workers);
            return await _grader.GradeAsync(problem, completion, _disposed.Token);
        }
        catch (SandboxUnavailableException e)
        {
            return Score.Failed(e.Message);
        }
    }
}
