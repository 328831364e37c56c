using System.Globalization;
using System.Net;
using System.Text;
using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Bgpo.Tasks.External;

/// <summary>
/// Answers are judged by a service: one POST a completion, with the JSON object that task <c>command</c> writes, answered by the
/// JSON object that it reads. No connection, no answer in time, 5xx, 408 and 429 are tried again; any other status fails at once.
/// </summary>
internal sealed class HttpTask : ExternalTask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "http";

    private readonly Uri _url;
    private readonly HttpClient _client;
    private readonly ResiliencePipeline<(HttpStatusCode Status, string Text)> _pipeline;
    private long _requests;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="data">Its files.</param>
    /// <param name="time">Clock and timers; null: the machine's.</param>
    /// <param name="handler">Carries requests; null: the network.</param>
    public HttpTask(TaskSection spec, TaskData data, TimeProvider? time = null, HttpMessageHandler? handler = null)
        : base(spec, data)
    {
        _url = Uri.TryCreate(spec.Http.Url, UriKind.Absolute, out Uri? url) ? url
            : throw new ArgumentException(
                $"Task http was given the address '{spec.Http.Url}' (task.http.url); expected one such as http://localhost:8000/.",
                nameof(spec));
        // Time limits are the pipeline's.
        _client = new HttpClient(handler ?? new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = GraderMessage.LongestReply,
        };
        _pipeline = Pipeline(spec.Http, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public override async ValueTask<Score> ScoreAsync(
        Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        string id = Interlocked.Increment(ref _requests).ToString(CultureInfo.InvariantCulture);
        string request = GraderMessage.Request(id, prompt, completion);
        try
        {
            (HttpStatusCode status, string text) = await _pipeline.ExecuteAsync(
                async token => await PostAsync(request, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            return (int)status is >= 200 and < 300
                ? GraderMessage.Read(text, id).Score is var score && score.Outcome == Outcome.Failed
                    ? Score.Failed($"{_url}: {score.Info}") : score
                : Score.Failed($"{_url} answered {(int)status} {status}: {Short(text)}");
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException)
        {
            return Score.Failed($"{_url}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return base.DisposeAsync();
    }

    private static ResiliencePipeline<(HttpStatusCode Status, string Text)> Pipeline(HttpSection spec, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder<(HttpStatusCode Status, string Text)> { TimeProvider = time };
        if (spec.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<(HttpStatusCode Status, string Text)>
            {
                MaxRetryAttempts = spec.Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(500),
                UseJitter = true,
                ShouldHandle = new PredicateBuilder<(HttpStatusCode Status, string Text)>()
                    .Handle<HttpRequestException>().Handle<TimeoutRejectedException>().Handle<IOException>()
                    .HandleResult(static answer => (int)answer.Status is >= 500 or 408 or 429),
            });
        }
        return builder.AddTimeout(TimeSpan.FromSeconds(spec.Timeout)).Build();
    }

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(string request, CancellationToken cancellationToken)
    {
        using var content = new StringContent(request, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _client.PostAsync(_url, content, cancellationToken).ConfigureAwait(false);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
    }

    private static string Short(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 120 ? line : line[..120] + "…";
    }
}
