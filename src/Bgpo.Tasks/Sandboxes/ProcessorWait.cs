using System.Globalization;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>How long a sandbox's program could have run and no processor was free.</summary>
internal static class ProcessorWait
{
    /// <summary>The time so far, of the main thread of the last process in the line of only children.</summary>
    /// <param name="process">The process that stands for the sandbox.</param>
    /// <returns>The time; zero where the system does not say.</returns>
    public static TimeSpan Of(int process)
    {
        try
        {
            string last = process.ToString(CultureInfo.InvariantCulture);
            while (File.ReadAllText($"/proc/{last}/task/{last}/children").Split(' ')[0] is { Length: > 0 } child)
            {
                last = child;
            }
            // Time on a processor and time waiting for one, in nanoseconds (Documentation/scheduler/sched-stats.rst).
            return TimeSpan.FromTicks(
                long.Parse(File.ReadAllText($"/proc/{last}/schedstat").Split(' ')[1], CultureInfo.InvariantCulture) / 100);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return TimeSpan.Zero;
        }
    }
}
