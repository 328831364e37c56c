using Bgpo.Grains;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard;

/// <summary>What a dashboard needs beyond the store: who drives a run, requests to it, its tokens' texts.</summary>
public interface IRunConsole
{
    /// <summary>Whether runs take requests; false where a recorded run is shown.</summary>
    bool TakesRequests { get; }

    /// <summary>What a run is doing, and who drives it; <see cref="RunState.Lost"/> where nobody does.</summary>
    /// <param name="record">The run's record.</param>
    RunStanding StandingOf(RunRecord record);

    /// <summary>Asks something of a run, durably in its store.</summary>
    /// <param name="run">Run id.</param>
    /// <param name="kind">What.</param>
    /// <param name="reason">Why; empty when nothing is said.</param>
    /// <param name="fields">Of a set: <c>field=value</c> each.</param>
    /// <param name="cancellationToken">Ends the wait; the request may stand.</param>
    /// <returns>The request as it is in the store.</returns>
    /// <exception cref="RequestRefusedException">It cannot be asked of the run.</exception>
    Task<RunRequest> AskAsync(
        string run, RequestKind kind, string reason, IReadOnlyList<string> fields, CancellationToken cancellationToken);

    /// <summary>A checkpoint's tokens; null where its tokenizer cannot be read here.</summary>
    /// <param name="manifest">The checkpoint.</param>
    TokenTable? TokensOf(CheckpointManifest manifest);

    /// <summary>The live silos of the cluster that drives a run; empty where there is none, or it does not answer.</summary>
    /// <param name="record">The run's record.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<SiloDescription>> SilosOfAsync(RunRecord record, CancellationToken cancellationToken);

    /// <summary>A command line of the console that can be pasted into a shell.</summary>
    /// <param name="arguments">Its arguments.</param>
    string CommandLine(params string[] arguments);
}

/// <summary>What a run is doing.</summary>
/// <param name="State">Its state.</param>
/// <param name="Driver">Who drives it, for people; empty where nobody does.</param>
public sealed record RunStanding(RunState State, string Driver);

/// <summary>A vocabulary, for people.</summary>
/// <param name="NameOf">A token's text; special tokens by their names.</param>
/// <param name="EndTokens">Tokens that end a response.</param>
public sealed record TokenTable(Func<int, string> NameOf, IReadOnlyList<int> EndTokens);

/// <summary>Something cannot be asked of a run. The message is one line: what, and why.</summary>
public sealed class RequestRefusedException : Exception
{
    /// <summary>An empty one.</summary>
    public RequestRefusedException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">What, and why.</param>
    public RequestRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">What, and why.</param>
    /// <param name="innerException">The cause.</param>
    public RequestRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
