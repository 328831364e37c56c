using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>When and how a grain timer ticks.</summary>
public readonly struct GrainTimerCreationOptions()
{
    /// <summary>Ticks first after <paramref name="dueTime"/>, then <paramref name="period"/> after each tick's end.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>The time until the first tick; infinite for none.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>The time from a tick's end to the next; infinite for one tick only.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks run between the turns of requests; false by default: a tick waits as a request does.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether a tick counts as use and holds off idle collection; false by default.</summary>
    public bool KeepAlive { get; init; }
}

/// <summary>A grain timer; disposing it cancels the token of a running tick.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Changes when the next tick is due and how they follow.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}
