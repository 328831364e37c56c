using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bgpo.Dashboard.Web;
using Bgpo.Grains;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Tests;

/// <summary>What a dashboard says of a store's runs.</summary>
public sealed partial class ApiTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TestRuns _runs = new();
    private readonly HttpClient _http = new();
    private DashboardServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        await _runs.CreateAsync("one");
        _server = await _runs.ServeAsync();
        _http.BaseAddress = _server.Address;
        _http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", _server.Link.Query["?token=".Length..]);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _runs.Dispose();
    }

    [Fact]
    public async Task Runs_ShowAsTheStoreHasThem_AlsoBesideADamagedOne()
    {
        await _runs.CommitAsync("one", 1);
        await _runs.CreateAsync("ended", RunState.Completed);
        await _runs.Blobs.PutAsync("bad/run.json", "{}"u8.ToArray());
        JsonArray rows = (await GetAsync("api/runs")).AsArray();
        Assert.Equal(
            ["bad Unknown 0 of 0", "ended Completed 0 of 40", "one Running 1 of 40"],
            rows.Select(row => $"{row!["run"]} {State(row)} {row["version"]} of {row["steps"]}").Order());
    }

    [Fact]
    public async Task Curves_HaveAColumnForEachSeries_AndSayWhatIsNotMeasured()
    {
        await _runs.ChangeAsync("one", record => record with
        {
            Result = new JsonObject { [RunResult.EvaluationBefore] = new JsonObject { ["GreedyExact"] = 0.125 } },
        });
        await _runs.CommitAsync("one", 1, 0.25);
        await _runs.CommitAsync("one", 2, 0.75);
        JsonNode steps = await GetAsync("api/runs/one/steps");
        Assert.Equal("[0,1,2]", steps["version"]!.ToJsonString());
        Assert.Equal("[null,0.25,0.75]", steps["series"]!["reward/mean"]!.ToJsonString());
        Assert.Equal("[0.125,null,null]", steps["series"]!["eval/greedy"]!.ToJsonString());
        Assert.Equal(StepSeries.All.Select(series => series.Tag), steps["series"]!.AsObject().Select(column => column.Key));
    }

    [Fact]
    public async Task ALongRun_IsReadInPart()
    {
        for (int version = 1; version <= 30; version++)
        {
            await _runs.CommitAsync("one", version);
        }
        JsonArray versions = (await GetAsync("api/runs/one/steps?points=4"))["version"]!.AsArray();
        Assert.Equal([1, 10, 20, 30], versions.Select(version => (int)version!));
    }

    [Fact]
    public async Task Events_TellOfStepsAsTheyCome_OfEvaluations_AndOfARunThatWentBack()
    {
        await _runs.CommitAsync("one", 1);
        long since = (long)(await GetAsync("api/runs/one/steps"))["revision"]!;
        await using IAsyncEnumerator<SseItem<string>> events = await FollowAsync($"api/events?run=one&since={since}");
        await _runs.CommitAsync("one", 2, 0.75);
        JsonNode news = await NextAsync(events, "steps");
        Assert.Equal("[2]", news["version"]!.ToJsonString());

        JsonObject evaluated = (await _runs.Run("one").ReadMetricsOfAsync(2))!.Values;
        evaluated["Evaluation"] = new JsonObject { ["GreedyExact"] = 0.5 };
        await _runs.Run("one").WriteMetricsAsync(2, evaluated);
        Assert.Equal("[0.5]", (await NextAsync(events, "steps"))["series"]!["eval/greedy"]!.ToJsonString());

        await _runs.Run("one").DropAfterAsync(1);
        await _runs.ChangeAsync("one", record => record with { Epoch = record.Epoch + 1 });
        await NextAsync(events, "restarted");
        Assert.Equal("[1]", (await GetAsync("api/runs/one/steps"))["version"]!.ToJsonString());
    }

    [Fact]
    public async Task AStep_ShowsItsGroups_WithWhatEachCompletionWasWorth()
    {
        await _runs.JournalAsync("one", 3);
        JsonNode step = await GetAsync("api/runs/one/steps/3");
        JsonNode puzzle = step["groups"]![1]!;
        Assert.Equal(("sudoku4x4", 0.75, true), ((string)step["task"]!, (double)puzzle["spread"]!, (bool)puzzle["hasSignal"]!));
        Assert.False((bool)step["groups"]![0]!["hasSignal"]!);
        Assert.Equal(
            (TestRuns.Solution, 1.0, true, 0.375),
            ((string)puzzle["completions"]![0]!["text"]!, (double)puzzle["completions"]![0]!["reward"]!,
                (bool)puzzle["completions"]![0]!["exact"]!, (double)puzzle["completions"]![0]!["advantage"]!));
    }

    [Fact]
    public async Task ACompletion_ShowsTheMasksThatItsGradientIsMadeOf()
    {
        await _runs.JournalAsync("one", 3);
        JsonNode completion = await GetAsync("api/runs/one/steps/3/1/0");
        Assert.Equal(16, completion["tokens"]!.AsArray().Count);
        Assert.Equal((7, 900), ((int)completion["trace"]!["setIn"]![0]!, (int)completion["trace"]!["confidences"]![0]!));
        JsonArray samples = completion["samples"]!.AsArray();
        Assert.Equal(3, samples.Count);
        for (int j = 0; j < 3; j++)
        {
            var mask = new bool[16];
            double weight = Objectives.MonteCarlo.Draw(
                new Spec.ObjectiveSection { Samples = 3 }, 7, 3, Philox.Item(1, 0), j, mask);
            Assert.Equal(weight, (double)samples[j]!["weight"]!);
            Assert.Equal(
                mask.Index().Where(one => one.Item).Select(one => one.Index),
                samples[j]!["masked"]!.AsArray().Select(place => (int)place!));
        }
    }

    [Fact]
    public async Task Silos_ShowAsLanes_WithTheirDeaths()
    {
        long start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 60_000;
        TimelineSilo[] both = [new("a", 1, "x86"), new("b", 1, "x86")];
        await _runs.CommitAsync("one", 1, timeline: new StepTimeline(
            [new TimelineEntry(start, TimelineEntry.Roster, "2 silos") { Silos = both, Lost = [] }],
            [new SiloWork("a", 5, 3), new SiloWork("b", 4, 2)]));
        await _runs.CommitAsync("one", 2, timeline: new StepTimeline(
            [
                 new TimelineEntry(start + 21_000, TimelineEntry.Roster, "1 silo") { Silos = both[..1], Lost = ["b"] },
            ],
            [new SiloWork("a", 9, 5)]));
        await _runs.CommitAsync("one", 3, timeline: new StepTimeline(
            [new TimelineEntry(start + 40_000, TimelineEntry.Roster, "1 silo")
            {
                Silos = [both[0] with { Name = "c" }],
                Lost = ["a"],
                Left = ["a"],
            }],
            []));
        // Another controller, since the silo of the one before is gone.
        await _runs.CommitAsync("one", 4, timeline: new StepTimeline(
            [new TimelineEntry(start + 50_000, TimelineEntry.Roster, "1 silo") { Silos = [both[0] with { Name = "d" }], Lost = [] }],
            []));
        JsonNode silos = await GetAsync("api/runs/one/silos");
        Assert.Equal(
            ["a 1 left 2", "b 1 died 1", "c 1 gone 0", "d 1  0"],
            silos["lanes"]!.AsArray().Select(lane =>
                $"{lane!["name"]} {lane["spans"]!.AsArray().Count} {lane["spans"]![0]!["end"]} {lane["work"]!.AsArray().Count}"));
        Assert.Equal(4, silos["events"]!.AsArray().Count);
        Assert.Equal("1 silo", (string)(await GetAsync("api/runs/one/log"))["events"]![0]!["text"]!);
    }

    [Theory]
    [InlineData("api/runs/none", HttpStatusCode.NotFound)]
    [InlineData("api/runs/none/steps", HttpStatusCode.NotFound)]
    [InlineData("api/runs/..%2F..%2Fetc/steps", HttpStatusCode.NotFound)]
    [InlineData("api/runs/one/steps/9", HttpStatusCode.NotFound)]
    [InlineData("api/runs/one/steps/3/7/0", HttpStatusCode.NotFound)]
    [InlineData("site/..%2Fdemo", HttpStatusCode.NotFound)]
    public async Task WhatIsNotThere_IsSaidSo(string path, HttpStatusCode code)
    {
        await _runs.JournalAsync("one", 3);
        using HttpResponseMessage answer = await _http.GetAsync(path);
        Assert.Equal(code, answer.StatusCode);
    }

    [Fact]
    public async Task ADamagedBatch_IsNamed()
    {
        await _runs.Blobs.PutAsync("one/journal/00000003.json", "{}"u8.ToArray());
        using HttpResponseMessage answer = await _http.GetAsync("api/runs/one/steps/3");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("00000003.json", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_AreTheConsoles_AndShowWithTheirAnswers()
    {
        using HttpResponseMessage asked = await AskAsync(new { kind = "pause", reason = "lunch" });
        Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
        RunRequest request = Assert.Single((await _runs.Run("one").ReadRequestsAsync()).Requests);
        Assert.Equal((RequestKind.Pause, "lunch"), (request.Kind, request.Reason));
        Assert.False((bool)(await GetAsync("api/runs/one/log"))["requests"]![0]!["isTaken"]!);

        await _runs.ChangeAsync("one", record => record with { RequestsTaken = 1, Answers = [new RequestAnswer(1, 12)] });
        JsonNode shown = (await GetAsync("api/runs/one/log"))["requests"]![0]!;
        Assert.Equal((true, 12), ((bool)shown["isTaken"]!, (int)shown["version"]!));
    }

    [Fact]
    public async Task ARequestThatCannotBe_SaysWhy()
    {
        using HttpResponseMessage asked = await AskAsync(new { kind = "set", fields = new[] { "nonsense" } });
        Assert.Equal(HttpStatusCode.Conflict, asked.StatusCode);
        Assert.Contains("unknown field", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AreThoseOfTheDocs_InPrometheusForm()
    {
        await _runs.CommitAsync("one", 1, 0.25);
        string[] lines = (await _http.GetStringAsync("metrics")).TrimEnd().Split('\n');
        Assert.Contains("bgpo_run_reward_ratio{run=\"one\"} 0.25", lines);
        Assert.Contains("bgpo_run_step_duration_seconds{run=\"one\"} 2", lines);
        Assert.Contains("bgpo_run_state{run=\"one\",state=\"running\"} 1", lines);
        Assert.All(lines.Where(line => line[0] != '#'), line =>
            Assert.Matches("""^bgpo_[a-z_]+\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\} -?[0-9.eE+-]+$""", line));
        Assert.Equal(StepSeries.All.Count, StepSeries.All.Select(PrometheusText.NameOf).Distinct().Count());
    }

    [Fact]
    public void GrafanasDashboard_AsksForWhatIsTold()
    {
        string asked = File.ReadAllText(Path.Combine(ProjectFolder.Find(), "infra", "grafana", "bgpo.json"));
        HashSet<string> told = [.. StepSeries.All.Select(PrometheusText.NameOf), "bgpo_run_state"];
        Assert.All(Names().Matches(asked).Select(match => match.Value), name => Assert.Contains(name, told));
    }

    [Fact]
    public void TheSite_StaysSmall() => Assert.InRange(Site.Size, 1, 300_000);

    [GeneratedRegex("bgpo_run_[a-z_]+")]
    private static partial Regex Names();

    private static string State(JsonNode row) => row["state"]!.ToString() is var state ? char.ToUpperInvariant(state[0]) + state[1..] : "";

    private async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await _http.GetStringAsync(path))!;

    private Task<HttpResponseMessage> AskAsync(object request) =>
        _http.PostAsync("api/runs/one/requests", JsonContent.Create(request));

    private async Task<IAsyncEnumerator<SseItem<string>>> FollowAsync(string path) =>
        SseParser.Create(await _http.GetStreamAsync(path)).EnumerateAsync().GetAsyncEnumerator();

    private static async Task<JsonNode> NextAsync(IAsyncEnumerator<SseItem<string>> events, string kind)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (await events.MoveNextAsync().AsTask().WaitAsync(patience.Token))
        {
            if (events.Current.EventType == kind)
            {
                return JsonNode.Parse(events.Current.Data)!;
            }
        }
        throw new InvalidOperationException($"the stream ended before '{kind}'");
    }
}
