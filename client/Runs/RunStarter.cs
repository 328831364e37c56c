using Bgpo.Client.Clusters;
using Bgpo.Grains;

namespace Bgpo.Client.Runs;

/// <summary>Starts runs and goes on with them, also while silos die.</summary>
internal static class RunStarter
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Starts a run, or goes on with it.</summary>
    /// <param name="grain">Its controller.</param>
    /// <param name="yaml">Its spec; null: go on with it.</param>
    /// <param name="isAlive">Whether a silo is there that could.</param>
    /// <exception cref="BadInputException">
    /// The run refuses: what it refuses at its start is the user's to mend; what goes wrong later is a failed run.
    /// </exception>
    internal static Task<RunStatus> Begin(IRunGrain grain, string? yaml, Func<bool> isAlive) =>
        Begin(grain, yaml is null ? static (run, _) => run.Resume() : (run, key) => run.Start(yaml, key), isAlive);

    /// <summary>Begins a run as told.</summary>
    /// <param name="grain">Its controller.</param>
    /// <param name="begin">Asks it to, with a key by which the same call made again is known.</param>
    /// <param name="isAlive">Whether a silo is there that could.</param>
    /// <exception cref="BadInputException">The run refuses.</exception>
    internal static async Task<RunStatus> Begin(
        IRunGrain grain, Func<IRunGrain, string, Task<RunStatus>> begin, Func<bool> isAlive)
    {
        var key = Guid.NewGuid().ToString("N");
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await begin(grain, key);
            }
            catch (RunException e)
            {
                throw new BadInputException(e.Message, e);
            }
            catch (Exception e) when (TransientErrors.Is(e) && isAlive() && attempt < 40)
            {
                await Task.Delay(Pause);
            }
        }
    }
}
