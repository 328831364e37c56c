using System.Net;
using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.External;
using Microsoft.Extensions.Time.Testing;

namespace Bgpo.Tasks.Tests;

/// <summary>Rewards by a service: what is tried again, what is not, and what is said.</summary>
public sealed class HttpTaskTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Queue<Func<CancellationToken, string, Task<HttpResponseMessage>>> _answers = [];
    private readonly List<string> _asked = [];

    [Fact]
    public async Task ACompletion_IsOnePost_AndItsAnswerTheScore()
    {
        Answer(HttpStatusCode.OK, id => $$"""{"id": "{{id}}", "reward": 0.75, "info": "nearly"}""");
        Assert.Equal(Score.Scored(0.75, false, "nearly"), await ScoreAsync("x"));
        JsonElement asked = JsonDocument.Parse(Assert.Single(_asked)).RootElement;
        Assert.Equal(("p", "1+1", "2", "x"), (Text("promptId"), Text("prompt"), Text("reference"), Text("completion")));

        string Text(string name) => asked.GetProperty(name).GetString()!;
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task AnAnswerThatMayPass_IsAskedForAgain(int status)
    {
        Answer((HttpStatusCode)status, _ => "wait");
        _answers.Enqueue((_, _) => throw new HttpRequestException("connection refused"));
        Answer(HttpStatusCode.OK, id => $$"""{"id": "{{id}}", "reward": 1}""");
        Assert.Equal(Score.Scored(1, true), await ScoreAsync("x"));
        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task AnAnswerThatDoesNotCome_IsAskedForAgain_AndThenFails()
    {
        for (int i = 0; i < 3; i++)
        {
            _answers.Enqueue(async (token, _) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                throw new InvalidOperationException();
            });
        }
        Score score = await ScoreAsync("x");
        Assert.Equal(Outcome.Failed, score.Outcome);
        Assert.Contains("http://judge/", score.Info, StringComparison.Ordinal);
        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task ARefusal_FailsAtOnce_WithWhatWasSaid()
    {
        Answer(HttpStatusCode.NotFound, _ => "no such model\n");
        Assert.Equal(Score.Failed("http://judge/ answered 404 NotFound: no such model"), await ScoreAsync("x"));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task ServiceThatAnswersNonsense_HasFailed()
    {
        Answer(HttpStatusCode.OK, _ => "<html>");
        Assert.Contains("'<html>', which is not JSON", (await ScoreAsync("x")).Info, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAddressThatIsNone_IsRefusedByName()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => TaskRegistry.Create(new TaskSection { Name = "http" }));
        Assert.Contains("task.http.url", error.Message, StringComparison.Ordinal);
    }

    private void Answer(HttpStatusCode status, Func<string, string> body) => _answers.Enqueue((_, request) =>
        Task.FromResult(new HttpResponseMessage(status)
        {
            Content = new StringContent(body(JsonDocument.Parse(request).RootElement.GetProperty("id").GetString()!)),
        }));

    private async Task<Score> ScoreAsync(string completion)
    {
        var spec = new TaskSection { Name = "http", Http = new HttpSection { Url = "http://judge/", Retries = 2, Timeout = 5 } };
        using TaskData data = TaskData.Read(spec);
        await using var task = new HttpTask(spec, data, _time, new Service(this));
        Task<Score> scoring = task.ScoreAsync(new Prompt("p", "1+1", "2"), completion).AsTask();
        while (!scoring.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }
        return await scoring;
    }

    private sealed class Service(HttpTaskTests test) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string text = await request.Content!.ReadAsStringAsync(cancellationToken);
            test._asked.Add(text);
            return await test._answers.Dequeue()(cancellationToken, text);
        }
    }
}
