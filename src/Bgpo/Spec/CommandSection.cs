namespace Bgpo.Spec;

/// <summary>Task <c>command</c>: a program that scores, by JSON lines on its standard input and output.</summary>
public sealed record CommandSection
{
    /// <summary>
    /// The program and its arguments with spaces between, such as <c>python3 reward.py</c>; quotes keep spaces together. No shell
    /// takes part in it.
    /// </summary>
    public string Run { get; init; } = "";

    /// <summary>
    /// Folder that it is started in, looked up like data files; empty: the one that the run was started from.
    /// </summary>
    public string Folder { get; init; } = "";

    /// <summary>Processes on a silo; each scores one completion at a time. 0: as many as are scored at the same time.</summary>
    [Range(0, 1024)]
    public int Processes { get; init; }

    /// <summary>Seconds that it may take for a completion; then it is killed and started again.</summary>
    [Range(0.01, 86_400)]
    public double Timeout { get; init; } = 10;

    /// <summary>Times that it may end or hang without a good answer in between; then the silo's scoring fails for good.</summary>
    [Range(0, 1000)]
    public int Restarts { get; init; } = 10;
}
