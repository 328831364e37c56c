using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>A run that a command is about: what the store has of it, and the cluster that drives it.</summary>
/// <param name="Store">The run in its store.</param>
/// <param name="Record">Its record.</param>
/// <param name="Cluster">The cluster that drives it; null when none does.</param>
internal sealed record RunTarget(RunStore Store, RunRecord Record, ITrainingCluster? Cluster) : IAsyncDisposable
{
    /// <summary>The run's id.</summary>
    internal string Run => Store.RunId;

    /// <summary>Finds a run by its id or the beginning of it.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="given">As given.</param>
    /// <param name="cluster">The cluster that is asked; null: the one that the store names.</param>
    /// <param name="store">The store's folder; null: the cluster's, or runs.</param>
    /// <param name="join">Whether the cluster that the store names is joined, too.</param>
    /// <exception cref="BadInputException">There is no such run, or no such cluster.</exception>
    internal static async Task<RunTarget> Find(
        ConsoleContext context, string given, string? cluster, string? store, bool join = true)
    {
        var token = context.Interrupts.Token;
        var joined = cluster is null ? null : await context.Training.Join(Flags.Checked("--cluster", cluster), token);
        try
        {
            var folder = await StoreOf(context, joined, store);
            var catalog = new RunCatalog(BlobStores.Open(folder));
            var (run, record) = await Named(catalog, given, folder, context, joined?.Name);
            if (join && joined is null && record.Cluster.Length > 0 && context.Training.IsAlive(record.Cluster))
            {
                joined = await context.Training.Join(record.Cluster, token);
            }

            return new RunTarget(run, record, joined);
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
        catch
        {
            if (joined is not null)
            {
                await joined.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>The id of a run in a store, of which the beginning may be given.</summary>
    /// <exception cref="BadInputException">There is no such run, or no such store.</exception>
    internal static async Task<string> Resolve(ConsoleContext context, string given, string? store)
    {
        var target = await Find(context, given, null, store, join: false);
        await using (target)
        {
            return target.Run;
        }
    }

    /// <summary>Where runs are: as given, where a cluster keeps them, or the folder <c>runs</c>.</summary>
    /// <exception cref="BadInputException">The folder that was given is not the cluster's.</exception>
    internal static async Task<string> StoreOf(ConsoleContext context, ITrainingCluster? cluster, string? store)
    {
        if (cluster is null)
        {
            return context.Paths.StoreWithRuns(store);
        }

        var folder = store is null ? null : context.Paths.Store(store);
        var silos = await cluster.GetSilos(context.Interrupts.Token);
        var there = silos.Select(silo => silo.Store).FirstOrDefault()
            ?? throw new BadInputException(
                $"cluster '{cluster.Name}' has no silo left; bgpo silo --cluster {cluster.Name} adds one");
        return folder is null || folder == there
            ? there
            : throw new BadInputException(
                $"option --store: value '{store}': cluster '{cluster.Name}' keeps its runs in '{there}'; leave --store out");
    }

    /// <summary>The cluster that drives the run.</summary>
    /// <exception cref="BadInputException">None does.</exception>
    internal ITrainingCluster Driven(ConsoleContext context) =>
        Cluster ?? throw new BadInputException(RunSummaryRow.DriverOf(context, Record) is { Length: > 0 } driver
        ? $"run '{Run}' is {Format.State(Record.State)} in {driver}, which shows it itself; "
            + $"{context.Paths.CommandLine("run", "status", Run, "--store", context.Paths.Shown(Store.Blobs.Location))} tells " +
                "how far it is"
        : $"run '{Run}' is {Format.State(Record.State)} and nobody drives it; "
        + $"{TakeUp(context)} goes on with it");

    /// <summary>The command that goes on with a run which nobody drives.</summary>
    internal string TakeUp(ConsoleContext context) =>
        new RunSummary(context.Paths).Resume(Run, context.Paths.Shown(Store.Blobs.Location));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Cluster?.DisposeAsync() ?? default;

    /// <summary>The command that makes the first run there.</summary>
    internal static string First(ConsoleContext context, string folder, string? cluster) =>
        context.Paths.CommandLine(cluster is not null
        ? ["run", "start", "--cluster", cluster]
        : folder == context.Paths.Store(null) ? ["train"] : ["train", "--store", context.Paths.Shown(folder)]);

    /// <summary>The run of an id, or the only one whose id begins so.</summary>
    private static async Task<(RunStore, RunRecord)> Named(
        RunCatalog catalog, string given, string folder, ConsoleContext context, string? cluster)
    {
        var token = context.Interrupts.Token;
        if (Names.Plain().IsMatch(given) && await catalog.Run(given).ReadAsync(token) is { } exact)
        {
            return (catalog.Run(given), exact.Record);
        }

        List<CatalogEntry> all = [];
        await foreach (var entry in catalog.ListAsync(token))
        {
            all.Add(entry);
        }

        CatalogEntry[] near =
            [.. all.Where(entry => given.Length > 0 && entry.RunId.StartsWith(given, StringComparison.Ordinal))];
        var shown = context.Paths.Shown(folder);
        return near switch
        {
            [{ Record: { } record } only] => (catalog.Run(only.RunId), record),
            [{ Fault: { } fault }] => throw new BadInputException(fault),
            { Length: > 1 } => throw new BadInputException(
                $"run '{given}': {near.Length} runs in {shown} begin so: " +
                    $"{string.Join(", ", near.Take(5).Select(entry => entry.RunId))}{(near.Length > 5 ? ", …" : "")}"),
            _ => throw new BadInputException(
                all.Count == 0 ? $"no run '{given}' in {shown}; {First(context, folder, cluster)} makes one"
                : $"no run '{given}' in {shown}{Usage.Suggestion(given, all.Select(entry => entry.RunId))}; "
                + $"{context.Paths.CommandLine("run", "list", "--store", shown)} lists them"),
        };
    }
}
