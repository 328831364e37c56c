using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Storage.Blobs;
using Bgpo.Tasks;

namespace Bgpo.Grains.Steps;

/// <summary>
/// Has completions scored: on silos with the role reward where there are any, else on the silo that sampled them. Where the
/// grader fails a completion, it is tried once more there, then elsewhere; what fails to the end is so in the result. A call that
/// is lost with its silo is made again.
/// </summary>
/// <param name="score">Scores completions on a silo.</param>
/// <param name="silos">The live silos as last seen.</param>
/// <param name="look">Looks again which silos live.</param>
/// <param name="limits">How often to try.</param>
/// <param name="time">Clock and timers.</param>
/// <remarks>Runs inside one grain: all its continuations are turns of that grain, so it needs no locks.</remarks>
public sealed class Grader(
    Func<string, ScoreRequest, CancellationToken, Task<ScoreResult>> score, Func<IReadOnlyList<SiloDevices>> silos,
    Func<Task> look, RewardLimits limits, TimeProvider time)
{
    /// <summary>Calls of one attempt that may be lost with their silos.</summary>
    private const int MostLost = 20;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, int> _inFlight = [];
    private readonly HashSet<string> _unsuitable = [];

    /// <summary>A grader over the reward grains of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="grains">Where they are found.</param>
    /// <param name="dispatcher">Who knows the live silos.</param>
    /// <param name="time">Clock and timers.</param>
    public Grader(RunContext run, IGrainFactory grains, Dispatcher dispatcher, TimeProvider time)
        : this(
            (silo, request, token) => grains.GetGrain<IRewardGrain>(SiloKey.Of(run.Key, silo)).Score(request, token),
            () => dispatcher.Roster, dispatcher.Look, run.Rewards, time)
    {
    }

    /// <summary>Told of each attempt that failed: the silo, and why.</summary>
    public Action<string, string> OnRetry { get; init; } = static (_, _) => { };

    /// <summary>Told, once for each silo, that it cannot score, and why.</summary>
    public Action<SiloDevices, Exception> OnUnsuitable { get; init; } = static (_, _) => { };

    /// <summary>Groups that are being scored or wait for it.</summary>
    public int InFlight => _inFlight.Values.Sum();

    /// <summary>Scores completions.</summary>
    /// <param name="sampledOn">The silo that sampled them.</param>
    /// <param name="request">Problems and completions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RunException">No silo can score at all.</exception>
    public async Task<ScoreResult> ScoreAsync(string sampledOn, ScoreRequest request, CancellationToken cancellationToken)
    {
        HashSet<string> avoided = [];
        (string silo, ScoreResult result) = await CallAsync(sampledOn, avoided, request, cancellationToken);
        for (int attempt = 1; FailedIn(result) is { Length: > 0 } failed && attempt < limits.Attempts; attempt++)
        {
            OnRetry(silo, result.Infos[failed[0]]);
            if (attempt > 1)
            {
                avoided.Add(silo);
            }
            await Task.Delay(PauseAfter(attempt), time, cancellationToken);
            (silo, ScoreResult again) = await CallAsync(
                attempt == 1 ? silo : sampledOn, avoided, request.Of(failed), cancellationToken);
            result = Merged(result, failed, again);
        }
        return result;
    }

    /// <summary>Scores completions once, on a silo that answers.</summary>
    private async Task<(string Silo, ScoreResult Result)> CallAsync(
        string preferred, HashSet<string> avoided, ScoreRequest request, CancellationToken cancellationToken)
    {
        string lostOn = "";
        for (int lost = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Choose(preferred, avoided, lostOn) is not { } silo)
            {
                await LookAgainAsync(cancellationToken);
                continue;
            }
            _inFlight[silo.Silo] = _inFlight.GetValueOrDefault(silo.Silo) + 1;
            try
            {
                return (silo.Silo, await score(silo.Silo, request, cancellationToken));
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(e.Message, e, cancellationToken);
            }
            catch (UnsuitableSiloException e)
            {
                Exclude(silo, e);
            }
            catch (Exception e) when (e is not RunException && (e is not StorageException store || WriteQueue.IsTransient(store)))
            {
                OnRetry(silo.Silo, e.Message);
                // A store that is away says nothing of the work: a silo that has not met the run yet has to read it first.
                lost += e is StorageException ? 0 : 1;
                if (lost >= MostLost)
                {
                    throw new RunException($"scoring failed {lost} times, last on {silo.Label}: {e.Message}", e);
                }
                lostOn = silo.Silo;
                await LookAgainAsync(cancellationToken);
            }
            finally
            {
                _inFlight[silo.Silo]--;
            }
        }
    }

    private async Task LookAgainAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(s_pause, time, cancellationToken);
        await look();
    }

    /// <summary>
    /// The silo to score on: of those for rewards, or else the preferred one, or else of those that work, the one with the least
    /// to score; one that is avoided only where there is no other.
    /// </summary>
    private SiloDevices? Choose(string preferred, HashSet<string> avoided, string lostOn)
    {
        SiloDevices[] able = [.. silos().Where(silo => !_unsuitable.Contains(silo.Silo))];
        SiloDevices[] those = [.. able.Where(silo => silo.IsForRewards)];
        bool areForRewards = those.Length > 0;
        those = areForRewards ? those : [.. able.Where(silo => silo.Devices > 0)];
        SiloDevices[] others = [.. those.Where(silo => !avoided.Contains(silo.Silo) && silo.Silo != lostOn)];
        return (others.Length > 0 ? others : those)
            .OrderBy(silo => !areForRewards && silo.Silo == preferred ? 0 : 1)
            .ThenBy(silo => _inFlight.GetValueOrDefault(silo.Silo))
            .FirstOrDefault();
    }

    /// <summary>A silo cannot score: it is not asked again. Where none can, that is the run's failure.</summary>
    private void Exclude(SiloDevices silo, UnsuitableSiloException reason)
    {
        if (_unsuitable.Add(silo.Silo))
        {
            OnUnsuitable(silo, reason);
        }
        if (silos().All(other => _unsuitable.Contains(other.Silo) || (other.Devices == 0 && !other.IsForRewards)))
        {
            throw new RunException(reason.Message, reason);
        }
    }

    private static TimeSpan PauseAfter(int attempt) =>
        TimeSpan.FromTicks(Math.Min(s_longestPause.Ticks, s_pause.Ticks << Math.Min(2 * (attempt - 1), 20)));

    private static int[] FailedIn(ScoreResult result) =>
        [.. Enumerable.Range(0, result.Outcomes.Length).Where(i => result.Outcomes[i] == Outcome.Failed)];

    private static ScoreResult Merged(ScoreResult before, int[] places, ScoreResult again)
    {
        for (int i = 0; i < places.Length; i++)
        {
            int place = places[i];
            (before.Rewards[place], before.Exact[place], before.Outcomes[place], before.Infos[place]) =
                (again.Rewards[i], again.Exact[i], again.Outcomes[i], again.Infos[i]);
        }
        return before with
        {
            Seconds = before.Seconds + again.Seconds,
            QueueSeconds = before.QueueSeconds + again.QueueSeconds,
            Retries = before.Retries + places.Length,
        };
    }
}
