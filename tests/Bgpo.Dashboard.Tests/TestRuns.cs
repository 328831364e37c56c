using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Grains;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Tests;

/// <summary>A store in a folder of its own, with runs that nobody trains: a test writes what a controller would.</summary>
internal sealed class TestRuns : IRunConsole, IDisposable
{
    internal const string Puzzle = "1200300400100003";
    internal const string Solution = "1243342142133132";

    /// <summary>Of 2 groups, one of which has no spread.</summary>
    private const string Spec =
        "run:\n  steps: 40\nmodel:\n  path: models/base\ntask:\n  name: sudoku4x4\nrollout:\n  prompts: 2\n  completions: 2\n"
        + "  responseLength: 16\n  blockLength: 16\n  denoisingSteps: 8\nobjective:\n  samples: 3\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-dashboard-");

    internal TestRuns() => Blobs = new LocalBlobStore(_folder.FullName);

    internal LocalBlobStore Blobs { get; }

    public bool TakesRequests { get; init; } = true;

    internal RunStore Run(string run) => new(Blobs, run);

    internal async Task<RunStore> CreateAsync(string run, RunState state = RunState.Running)
    {
        RunStore store = Run(run);
        await store.CreateAsync(new RunRecord
        {
            RunId = run,
            State = state,
            Spec = Spec,
            Seed = 7,
            NumericsFingerprint = "cpu/1",
            ParameterCount = 10,
            Cluster = "demo",
        });
        return store;
    }

    internal async Task ChangeAsync(string run, Func<RunRecord, RunRecord> change)
    {
        StoredRun stored = (await Run(run).ReadAsync())!;
        Assert.NotNull(await Run(run).UpdateAsync(change(stored.Record), stored.ETag));
    }

    internal Task CommitAsync(string run, int version, double reward = 0.5, StepTimeline? timeline = null)
    {
        JsonObject values = JsonSerializer.SerializeToNode(new StepMetrics
        {
            Version = version,
            MeanReward = reward,
            SolveRate = reward / 2,
            Groups = 2,
            ActiveGroups = 1,
            Samples = 6,
            Units = 2,
            GradientNorm = 1.5,
            Elbo = -12,
            Seconds = 2,
            RolloutSeconds = 1,
            GradientSeconds = 0.5,
            Silos = 2,
            Devices = 2,
            UnixMilliseconds = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        })!.AsObject();
        foreach ((string name, JsonNode? value) in JsonSerializer.SerializeToNode(timeline)?.AsObject() ?? [])
        {
            values[name] = value?.DeepClone();
        }
        return Run(run).WriteMetricsAsync(version, values);
    }

    /// <summary>A batch: a puzzle solved once of two times, and a prompt whose completions are worth the same.</summary>
    internal Task JournalAsync(string run, int step, string other = "nothing") => Run(run).WriteJournalAsync(new JournalStep
    {
        Step = step,
        Temperature = 1,
        DenoisingSteps = 8,
        Groups =
        [
            Group("flat", "a prompt", "", [other, other], [0, 0]),
            Group("puzzle", Puzzle, Solution, [Solution, new string('1', 16)], [1, 0.25]),
        ],
    });

    internal Task<DashboardServer> ServeAsync(DashboardOptions? options = null) =>
        DashboardServer.StartAsync(Blobs, this, options ?? new DashboardOptions { Port = 0 }, TimeProvider.System);

    public RunStanding StandingOf(RunRecord record) =>
        new(record.State, record.State is RunState.Running or RunState.Paused ? record.Cluster : "");

    public Task<RunRequest> AskAsync(
        string run, RequestKind kind, string reason, IReadOnlyList<string> fields, CancellationToken cancellationToken) =>
        kind == RequestKind.Set && fields is [var field] && !field.Contains('.', StringComparison.Ordinal)
            ? throw new RequestRefusedException($"field {field}: unknown field")
            : Run(run).AskAsync(kind, reason, fields, cancellationToken);

    public TokenTable? TokensOf(CheckpointManifest manifest) => new(static token => $"t{token}", [99]);

    public Task<IReadOnlyList<SiloDescription>> SilosOfAsync(RunRecord record, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SiloDescription>>([]);

    public string CommandLine(params string[] arguments) => string.Join(' ', arguments.Prepend("bgpo"));

    public void Dispose() => _folder.Delete(recursive: true);

    private static JournalGroup Group(string id, string prompt, string reference, string[] texts, double[] rewards) => new()
    {
        PromptId = id,
        Prompt = prompt,
        Reference = reference,
        PromptTokens = [1, 2],
        Completions = [.. texts.Select(text => new JournalCompletion([.. Enumerable.Range(0, 16)], text)
            {
                // Two tokens in each of the 8 steps, the last places first.
                Trace = new DenoisingTrace(
                    [.. Enumerable.Range(0, 16).Select(place => (15 - place) / 2)],
                    [.. Enumerable.Range(0, 16).Select(place => 900 - place)]),
            })],
        Rewards = rewards,
        Exact = [.. rewards.Select(reward => reward == 1)],
        Advantages = [.. rewards.Select(reward => reward - rewards.Average())],
    };
}
