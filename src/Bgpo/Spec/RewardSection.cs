namespace Bgpo.Spec;

/// <summary>How rewards are asked for. None of it touches a reward's value.</summary>
public sealed record RewardSection
{
    /// <summary>Completions scored at the same time on a silo; the others wait. 0: one for each of its processors.</summary>
    [Range(0, 1024)]
    public int Concurrency { get; init; }

    /// <summary>
    /// Seconds that scoring one completion may take, the task's own limits included; then the grader has failed.
    /// </summary>
    [Range(0.1, 86_400)]
    public double Timeout { get; init; } = 60;

    /// <summary>
    /// Attempts where the grader fails: the second on the same silo, further ones on another. Then the completion's whole group
    /// is left out of the batch, and the run says so.
    /// </summary>
    [Range(1, 100)]
    public int Attempts { get; init; } = 3;
}
