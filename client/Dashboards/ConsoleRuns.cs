using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Dashboard;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Dashboards;

/// <summary>What the console knows of a store's runs, for their dashboard. Requests go the way of <c>bgpo run</c>.</summary>
/// <param name="context">What commands work with.</param>
/// <param name="store">The store's location.</param>
/// <param name="cluster">The cluster that drives its runs; null: the one that each run's record names.</param>
internal sealed class ConsoleRuns(ConsoleContext context, string store, string? cluster) : IRunConsole
{
    /// <inheritdoc/>
    public bool TakesRequests => true;

    /// <inheritdoc/>
    public RunStanding StandingOf(RunRecord record)
    {
        var driver = RunSummaryRow.DriverOf(context, record);
        return new RunStanding(record.State == RunState.Running && driver.Length == 0 ? RunState.Lost : record.State, driver);
    }

    /// <inheritdoc/>
    public async Task<RunRequest> AskAsync(
        string run, RequestKind kind, string reason, IReadOnlyList<string> fields, CancellationToken cancellationToken)
    {
        try
        {
            var target = await RunTarget.Find(context, run, cluster, store);
            await using var leaving = target;
            var client = new RunRequestClient(context, target);
            client.RefuseEnded(isStoppedFine: kind == RequestKind.Set);
            if (kind == RequestKind.Set)
            {
                // At once where it can be: the run itself checks it again when it takes it.
                new RunSettings(target.Record).Read(
                    new RunRequest(0, kind, "", fields, context.Time.GetUtcNow(), ""), target.Record.LatestCheckpoint ?? 0);
            }

            var why = reason.Length == 0 && kind == RequestKind.Stop ? "asked to stop" : reason;
            return (await client.Ask(kind, why, fields, isWaiting: false)).Request;
        }
        catch (Exception e) when (e is BadInputException or SpecException or RunException)
        {
            throw new RequestRefusedException(e is SpecException { Errors: [var first, ..] } ? first : e.Message, e);
        }
    }

    /// <inheritdoc/>
    public TokenTable? TokensOf(CheckpointManifest manifest)
    {
        try
        {
            var tokenizer = ModelFolder.ParseTokenizer(manifest.Tokenizer, "tokenizer");
            return new TokenTable(token => NameOf(tokenizer, token), tokenizer.EndTokens);
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            return null; // Its file is another machine's: tokens show by their numbers.
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SiloDescription>> SilosOfAsync(RunRecord record, CancellationToken cancellationToken)
    {
        var name = cluster ?? record.Cluster;
        if (name.Length == 0 || !context.Training.IsAlive(name))
        {
            return [];
        }

        try
        {
            var joined = await context.Training.Join(name, cancellationToken);
            await using var leaving = joined;
            return await joined.GetSilos(cancellationToken);
        }
        catch (BadInputException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public string CommandLine(params string[] arguments) => context.Paths.CommandLine(arguments);

    private static string NameOf(ITokenizer tokenizer, int token) => tokenizer switch
    {
        BpeTokenizer bpe => bpe.NameOf(token),
        _ when token == tokenizer.EndToken => "[END]",
        _ => tokenizer.Decode([token]),
    };
}
