using System.Text.Json.Nodes;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>Small runs, checkpoints and journals, the same for every caller.</summary>
internal static class Samples
{
    public const int ShardSize = 64;
    public const long ParameterCount = 150;

    public static RunRecord Record(string runId) => new()
    {
        RunId = runId,
        State = RunState.Running,
        Spec = "run:\n  seed: 7\n",
        Seed = 7,
        NumericsFingerprint = "cpu/1",
        ShardSize = ShardSize,
        ParameterCount = ParameterCount,
        Result = new JsonObject { ["reward"] = 0.25, ["text"] = "é+<>" },
    };

    /// <summary>Shard of a version; shard 0 is frozen, the others differ between versions.</summary>
    public static ShardState Shard(int version, int index)
    {
        int elements = (int)Math.Min(ShardSize, ParameterCount - (index * ShardSize));
        int moved = index == 0 ? 0 : version;
        float[] Fill(int salt) =>
            [.. Enumerable.Range(0, elements).Select(i => MathF.Sin((i * 31) + (index * 1009) + (moved * 17) + salt))];
        return new ShardState(index, Fill(1), version == 0 ? [] : Fill(2), version == 0 ? [] : Fill(3));
    }

    public static async Task<CheckpointManifest> SaveAsync(RunStore run, int version, CheckpointManifest? before = null)
    {
        var shards = new List<ShardEntry>();
        for (int i = 0; i < WeightsHash.ShardCount(ParameterCount, ShardSize); i++)
        {
            shards.Add(await run.SaveShardAsync(Shard(version, i), before?.Shards[i]));
        }

        return await run.PublishCheckpointAsync(Manifest(version, shards));
    }

    public static CheckpointManifest Manifest(int version, IReadOnlyList<ShardEntry> shards) => new()
    {
        Version = version,
        ParameterCount = ParameterCount,
        ShardSize = ShardSize,
        Shards = shards,
        ModelConfig = """{"d_model": 8}""",
        Tokenizer = """{"vocab": ["a", "é"]}""",
        Optimizer = new Dictionary<string, double> { ["step"] = version, ["lr"] = 1e-4 / 3 },
        WeightsSha256 = CheckpointManifest.HashOf(shards),
        JournalPosition = version,
    };

    public static JournalStep Journal(int step) => new()
    {
        Step = step,
        Groups =
        [
            new JournalGroup
            {
                PromptId = "p0",
                Prompt = "3102\n\"é\"",
                Reference = "3142",
                PromptTokens = [3, 1, 0, 2],
                Completions = [new JournalCompletion([3, 1, 4, 2], "3142"), new JournalCompletion([1, 1, 1, 1], "1111")],
                Rewards = [1, 1.0 / 3],
                Exact = [true, false],
                Advantages = [Math.PI, -double.Epsilon],
                OldLogLikelihoods = [[-1.1, Math.PI * 1e-300], [double.Epsilon, -0.0]],
            },
        ],
    };
}
