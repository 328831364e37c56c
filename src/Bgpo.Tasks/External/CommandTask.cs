using System.Globalization;
using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.External;

/// <summary>
/// Answers are judged by a program in any language: it reads a JSON object a line, such as
/// <c>{"id":"7","promptId":"a.jsonl:3","prompt":"..","reference":"..","completion":".."}</c>, and writes one a line,
/// <c>{"id":"7","reward":0.5}</c> with perhaps <c>exact</c>, <c>outcome</c> and <c>info</c>. It lives as long as the task; one that
/// ends or does not answer in time is started again. What it writes to standard error goes to the log.
/// </summary>
internal sealed class CommandTask : ExternalTask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "command";

    private readonly GraderPool _pool;
    private long _requests;

    /// <summary>Makes the task; no process is started before the first is needed.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="data">Its files.</param>
    public CommandTask(TaskSection spec, TaskData data)
        : base(spec, data)
    {
        int processes = spec.Command.Processes > 0 ? spec.Command.Processes : RewardLimits.Of(spec.Rewards).Concurrency;
        _pool = new GraderPool(spec.Command, processes);
    }

    /// <inheritdoc/>
    public override async ValueTask<Score> ScoreAsync(
        Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        string id = Interlocked.Increment(ref _requests).ToString(CultureInfo.InvariantCulture);
        return await _pool.AskAsync(id, GraderMessage.Request(id, prompt, completion), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_pool.Check());

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
