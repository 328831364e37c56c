using Orleans.Concurrency;

namespace Bgpo.Grains;

/// <summary>A run's controller; key = run id. Owns the step loop; durable truth is run.json in the store.</summary>
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Creates the run in the store and starts its step loop.</summary>
    /// <param name="specYaml">The effective run spec.</param>
    /// <param name="key">Random, the same each time that this very call is made again: then a run that it has begun is gone on
    /// with.</param>
    /// <exception cref="RunException">The run exists already, the spec or base model is bad, or the store refuses.</exception>
    [ResponseTimeout("00:10:00")]
    Task<RunStatus> Start(string specYaml, string key = "");

    /// <summary>
    /// Creates the run in the store from a checkpoint of another run there, with its moments, and starts its step loop.
    /// </summary>
    /// <param name="specYaml">The effective run spec: the source's, with what is changed.</param>
    /// <param name="source">The other run's id.</param>
    /// <param name="version">The checkpoint's version; null for the newest whole one.</param>
    /// <param name="own">Fields that are set for the fork, whatever the source changed them to later; null: none.</param>
    /// <param name="key">As of <see cref="Start"/>.</param>
    /// <exception cref="RunException">The run exists already, the source has no such checkpoint, or the spec cannot go on from
    /// there.</exception>
    [ResponseTimeout("00:10:00")]
    Task<RunStatus> Fork(string specYaml, string source, int? version, string[]? own = null, string key = "");

    /// <summary>
    /// Goes on from the newest whole checkpoint; takes back a pause or a stop that was asked for and not taken. Does nothing else
    /// when the loop runs.
    /// </summary>
    /// <exception cref="RunException">There is no such run, it cannot be read, or somebody else drives it.</exception>
    [ResponseTimeout("00:10:00")]
    Task<RunStatus> Resume();

    /// <summary>Goes on as told.</summary>
    /// <param name="how">From where, and whether the run may be taken from who drives it.</param>
    /// <exception cref="RunException">As <see cref="Resume"/>; or there is no whole checkpoint of the version, or the loop runs
    /// and would have to go back.</exception>
    [ResponseTimeout("00:10:00")]
    Task<RunStatus> ResumeAs(Resumption how);

    /// <summary>
    /// Goes on where the store says that the run is running or paused and nobody drives it; does nothing otherwise.
    /// </summary>
    [ResponseTimeout("00:10:00")]
    Task EnsureRunning();

    /// <summary>Looks now at what the store says was asked of the run, which is looked at after each commit anyway.</summary>
    [ResponseTimeout("00:10:00")]
    Task CheckRequests();

    /// <summary>
    /// Asks a run that is running to stop, as a request in the store does: it finishes the step in hand (an evaluation is given
    /// up), saves a checkpoint and ends the loop. Watchers see <see cref="RunStopped"/>. Where the store does not take the
    /// request, it holds for this controller alone.
    /// </summary>
    /// <param name="reason">Recorded with the run.</param>
    Task Stop(string reason);

    /// <summary>Where the run stands.</summary>
    [AlwaysInterleave]
    Task<RunStatus> GetStatus();

    /// <summary>Events after <paramref name="after"/>, oldest first, until the run ends or the caller leaves.</summary>
    /// <param name="after">Sequence of the last event seen; 0 for all that the controller remembers.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    [AlwaysInterleave]
    IAsyncEnumerable<RunEvent> Watch(long after, CancellationToken cancellationToken = default);
}

/// <summary>How a run is to be gone on with.</summary>
/// <param name="Version">Version to go back to: what came after it is taken anew; null: from the newest there is.</param>
/// <param name="TakesOver">Whether to take the run from another process or cluster that seems to drive it.</param>
/// <param name="Reason">Why, for whoever watches; empty when nothing is said.</param>
/// <param name="Key">Random, the same each time that this very call is made again: what it has begun already is not begun
/// anew.</param>
[GenerateSerializer, Immutable, Alias("bgpo.Resumption")]
public sealed record Resumption(
    [property: Id(0)] int? Version = null, [property: Id(1)] bool TakesOver = false, [property: Id(2)] string Reason = "",
    [property: Id(3)] string Key = "")
{
    /// <summary>
    /// <c>nonce</c> of the record whose owner was watched and has gone silent: it is taken over only if it still has written
    /// nothing. Empty: whatever it has written.
    /// </summary>
    [Id(4)]
    public string SilentSince { get; init; } = "";
}

/// <summary>Where a run stands.</summary>
/// <param name="Run">Run id.</param>
/// <param name="State">What it is doing; unknown where the controller has not been asked to go on yet.</param>
/// <param name="Version">Versions committed.</param>
/// <param name="Steps">Versions to reach.</param>
/// <param name="Epoch">Controller's epoch.</param>
/// <param name="Checkpoint">Newest complete checkpoint's version; -1 before the first.</param>
/// <param name="Message">Why it is paused, stopped or failed; empty otherwise.</param>
/// <param name="Silo">The controller's silo, in parsable form.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunStatus")]
public sealed record RunStatus(
    [property: Id(0)] string Run, [property: Id(1)] RunState State, [property: Id(2)] int Version, [property: Id(3)] int Steps,
    [property: Id(4)] long Epoch, [property: Id(5)] int Checkpoint, [property: Id(6)] string Message,
    [property: Id(7)] string Silo)
{
    /// <summary>Name of the controller's silo.</summary>
    [Id(8)] public string SiloName { get; init; } = "";
}

/// <summary>A run cannot do what was asked. The message is one line: what, where, what to do.</summary>
[GenerateSerializer, Alias("bgpo.RunException")]
public sealed class RunException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public RunException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">What, where, what to do.</param>
    public RunException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">What, where, what to do.</param>
    /// <param name="innerException">The cause.</param>
    public RunException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
