using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>How fast a run is now.</summary>
internal static class Pace
{
    private const int Steps = 10;

    /// <summary>
    /// Seconds a step: the median of the newest ten, so that one which lost work does not count; 0 where there are none.
    /// </summary>
    internal static double Of(IReadOnlyList<StepMetrics> steps)
    {
        double[] seconds = [.. steps.TakeLast(Steps).Select(step => step.Seconds).Order()];
        return seconds.Length > 0 ? seconds[seconds.Length / 2] : 0;
    }
}
