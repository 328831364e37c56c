namespace Bgpo.Tasks;

/// <summary>What tasks have to say to whoever looks into a log, such as a reward program's standard error.</summary>
public static class TaskLog
{
    /// <summary>Told of each line: the task's name, and the line. What a listener throws is dropped.</summary>
    public static event Action<string, string>? Written;

    /// <summary>Tells a line.</summary>
    /// <param name="task">The task's name.</param>
    /// <param name="line">The line.</param>
    internal static void Write(string task, string line)
    {
        try
        {
            Written?.Invoke(task, line);
        }
        catch (Exception)
        {
            // A log that fails must not keep anybody from being scored.
        }
    }
}
