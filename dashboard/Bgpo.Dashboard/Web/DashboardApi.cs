using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Bgpo.Dashboard.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bgpo.Dashboard.Web;

/// <summary>What the page asks for.</summary>
/// <param name="feed">The runs.</param>
/// <param name="console">What is known beyond the store.</param>
internal sealed class DashboardApi(RunFeed feed, IRunConsole console)
{
    /// <summary>Most points of a curve.</summary>
    private const int MostPoints = 5000;

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">Where they are added.</param>
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => File("index.html"));
        routes.MapGet("/site/{name}", File);
        routes.MapGet("/metrics", async (CancellationToken stop) => Results.Text(
            await new PrometheusText(feed).WriteAsync(stop), "text/plain; version=0.0.4; charset=utf-8"));

        RouteGroupBuilder api = routes.MapGroup("/api");
        api.MapGet("/session", () => Json(new
        {
            Store = feed.Blobs.Location,
            console.TakesRequests,
            Site.HasCharts,
        }));
        api.MapGet("/runs", async (CancellationToken stop) => Json(await feed.RunsAsync(stop)));
        api.MapGet("/events", (string? run, long? since, CancellationToken stop) =>
            TypedResults.ServerSentEvents(Events(run, since ?? 0, stop)));
        MapRun(api.MapGroup("/runs/{run}"));
    }

    private void MapRun(RouteGroupBuilder api)
    {
        api.MapGet("", (string run, CancellationToken stop) => OfRun(
            run, async (store, record) => await RunDetail.ReadAsync(feed.RowOf(record), store, record, stop), stop));
        api.MapGet("/steps", (string run, int? points, CancellationToken stop) => OfRun(
            run, async (_, record) => await Columns(record, Math.Clamp(points ?? MostPoints, 2, MostPoints), stop), stop));
        api.MapGet("/steps/{step:int:min(0)}", (string run, int step, CancellationToken stop) => OfRun(
            run, async (store, record) => await SampledStep.ReadAsync(store, record, step, stop), stop));
        api.MapGet("/steps/{step:int:min(0)}/{group:int:min(0)}/{completion:int:min(0)}",
            (string run, int step, int group, int completion, CancellationToken stop) => OfRun(
                run,
                async (store, record) => await TokenView.ReadAsync(
                    store, record, await TokensOf(store, record, stop), (step, group, completion), stop),
                stop));
        api.MapGet("/checkpoints", (string run, CancellationToken stop) => OfRun(
            run, async (store, _) => await CheckpointRow.ReadAsync(store, console, stop), stop));
        api.MapGet("/log", (string run, CancellationToken stop) => OfRun(
            run,
            async (store, record) => await RunLog.ReadAsync(
                store, record, (await feed.StepsOf(run).ReadAsync(record, MostPoints, stop)).Steps, stop),
            stop));
        api.MapGet("/silos", (string run, CancellationToken stop) => OfRun(
            run, async (_, record) => await Lanes(record, stop), stop));
        api.MapPost("/requests", Ask);
    }

    private static IResult Json<T>(T value) => Results.Json(value, DashboardJson.Options);

    private static IResult Fault(int status, string message) =>
        Results.Json(new { Message = message }, DashboardJson.Options, statusCode: status);

    private static IResult File(string name) => Site.Find(name) is var (type, content)
        ? Results.Bytes(content, type) : Results.NotFound();

    /// <summary>Answers with what is found of a run.</summary>
    private async Task<IResult> OfRun<T>(
        string run, Func<RunStore, RunRecord, Task<T?>> read, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            if (await feed.FindAsync(run, cancellationToken) is not var (store, record))
            {
                return Fault(StatusCodes.Status404NotFound, $"there is no run '{run}' in {feed.Blobs.Location}");
            }
            return await read(store, record) is { } found ? Json(found)
                : Fault(StatusCodes.Status404NotFound, $"run '{run}' has nothing there");
        }
        catch (StorageException e)
        {
            bool mayHeal = e is StoreUnavailableException or StoreRefusedException;
            return Fault(
                mayHeal ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status422UnprocessableEntity, e.Message);
        }
    }

    private async Task<StepColumns> Columns(RunRecord record, int points, CancellationToken cancellationToken)
    {
        (IReadOnlyList<StoredStep> steps, long revision) =
            await feed.StepsOf(record.RunId).ReadAsync(record, points, cancellationToken);
        IEnumerable<Grains.StepMetrics> before = StepColumns.Before(record) is { } first ? [first] : [];
        return StepColumns.Of([.. before, .. steps.Select(step => step.Metrics)], revision);
    }

    private async Task<SiloLanes> Lanes(RunRecord record, CancellationToken cancellationToken)
    {
        (IReadOnlyList<StoredStep> steps, _) =
            await feed.StepsOf(record.RunId).ReadAsync(record, MostPoints, cancellationToken);
        bool isLive = console.StandingOf(record).State is RunState.Running or RunState.Paused;
        return SiloLanes.Of(
            steps, isLive, feed.Time.GetUtcNow(), isLive ? await console.SilosOfAsync(record, cancellationToken) : []);
    }

    private async Task<TokenTable?> TokensOf(RunStore store, RunRecord record, CancellationToken cancellationToken) =>
        record.LatestCheckpoint is { } version && await store.ReadManifestAsync(version, cancellationToken) is { } manifest
            ? console.TokensOf(manifest) : null;

    private async Task<IResult> Ask(string run, AskedOfRun asked, CancellationToken cancellationToken)
    {
        if (!console.TakesRequests)
        {
            return Fault(StatusCodes.Status409Conflict, "a recorded run takes no requests");
        }
        if (await feed.FindAsync(run, cancellationToken) is null)
        {
            return Fault(StatusCodes.Status404NotFound, $"there is no run '{run}' in {feed.Blobs.Location}");
        }
        try
        {
            RunRequest request = await console.AskAsync(
                run, asked.Kind, asked.Reason ?? "", asked.Fields ?? [], cancellationToken);
            return Json(new { request.Number, request.Kind });
        }
        catch (Exception e) when (e is RequestRefusedException or StorageException)
        {
            return Fault(StatusCodes.Status409Conflict, e.Message);
        }
    }

    /// <summary>The list of runs when it changes, and the steps of one run as they come.</summary>
    private async IAsyncEnumerable<SseItem<object>> Events(
        string? run, long since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<RunRow> told = [];
        long revision = since;
        string? trouble = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            List<SseItem<object>> news = [];
            try
            {
                IReadOnlyList<RunRow> rows = await feed.RunsAsync(cancellationToken);
                if (!rows.SequenceEqual(told))
                {
                    news.Add(new SseItem<object>(rows, "runs"));
                    told = rows;
                }
                if (run is not null && await feed.FindAsync(run, cancellationToken) is var (_, record))
                {
                    (IReadOnlyList<StoredStep>? steps, long newest) =
                        await feed.StepsOf(run).ChangesAsync(record, revision, cancellationToken);
                    if (newest != revision)
                    {
                        news.Add(steps is null ? new SseItem<object>(new { Revision = newest }, "restarted")
                            : new SseItem<object>(StepColumns.Of([.. steps.Select(step => step.Metrics)], newest), "steps"));
                        revision = newest;
                    }
                }
                trouble = trouble is null ? null : Told(news, null);
            }
            catch (StorageException e)
            {
                trouble = trouble == e.Message ? trouble : Told(news, e.Message);
            }
            // Also when there is nothing: a connection that nobody reads any more ends by a write.
            news.Add(new SseItem<object>(feed.Time.GetUtcNow().ToUnixTimeMilliseconds(), "beat"));
            foreach (SseItem<object> item in news)
            {
                yield return item;
            }
            await Task.Delay(RunFeed.Period, feed.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string? Told(List<SseItem<object>> news, string? trouble)
    {
        news.Add(new SseItem<object>(new { Message = trouble ?? "" }, "trouble"));
        return trouble;
    }
}

/// <summary>What a page asks of a run.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">Why.</param>
/// <param name="Fields">Of a set: <c>field=value</c> each.</param>
internal sealed record AskedOfRun(RequestKind Kind, string? Reason, string[]? Fields);
