using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>The ledger finds every sample that was not counted exactly once.</summary>
public sealed class LedgerTests : IDisposable
{
    private const string Spec = """
        run: { seed: 1, steps: 2 }
        model: { path: none }
        rollout: { prompts: 2, completions: 3 }
        objective: { samples: 4 }
        units: { samples: 5 }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-ledger-").FullName;
    private readonly RunStore _store;

    public LedgerTests() => _store = new RunStore(new LocalBlobStore(_folder), "r");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Units_AreReadAsTheyWereWritten()
    {
        UnitName[] units = [new(3, 0, 0), new(3, 0, 1), new(3, 0, 2), new(3, 0, 4), new(3, 7, 9)];
        string[] lines = Ledger.Write(units.Reverse());
        Assert.Equal(["0:0-2,4", "7:9"], lines);
        Assert.Equal(units, Ledger.Read(3, lines));
        Assert.Throws<FormatException>(() => Ledger.Read(3, ["0"]).ToArray());
    }

    [Fact]
    public async Task ARunWhoseStepsHaveEverySampleOnce_HasNoFaults()
    {
        await Run(["0:0-2", "1:0-2"], ["0:0-2", "1:0-2"]);
        LedgerReport report = await Ledger.Check(_store);
        Assert.Empty(report.Faults);
        Assert.Equal((2, 2L * 2 * 3 * 4), (report.Steps, report.Samples));
    }

    [Theory]
    [InlineData("0:0-1", "counted 0 times")] // a unit is missing
    [InlineData("0:0-2,2", "counted 2 times")] // a unit twice
    public async Task ASampleMissingOrTwice_IsNamed(string group, string fault)
    {
        await Run(["0:0-2", "1:0-2"], [group, "1:0-2"]);
        LedgerReport report = await Ledger.Check(_store);
        Assert.All(report.Faults, line => Assert.StartsWith("step 1: sample ", line, StringComparison.Ordinal));
        Assert.Equal(2, report.Faults.Count); // the last block of twelve samples has two
        Assert.All(report.Faults, line => Assert.Contains(fault, line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AGroupThatTeachesNothing_MustNotCount()
    {
        await Run(["0:0-2", "1:0-2"], ["0:0-2", "1:0"], lastGroupTeaches: false);
        Assert.Equal(5, (await Ledger.Check(_store))
            .Faults.Count(line => line.EndsWith("counted, which teaches nothing", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AStepWithoutMetricsOrJournal_IsNamed()
    {
        await Run(["0:0-2", "1:0-2"], ["0:0-2", "1:0-2"]);
        File.Delete(Path.Combine(_folder, "r", "metrics", "00000001.json"));
        File.Delete(Path.Combine(_folder, "r", "journal", "00000001.json"));
        Assert.Equal(["version 1 has no metrics", "step 1: the journal of step 1 is missing"],
            (await Ledger.Check(_store)).Faults);
    }

    private async Task Run(string[] first, string[] second, bool lastGroupTeaches = true)
    {
        await _store.CreateAsync(new RunRecord
        {
            RunId = "r",
            State = RunState.Completed,
            Spec = SpecWriter.Write(SpecLoader.Load<RunSpec>(Spec, "test", [])),
            Seed = 1,
            NumericsFingerprint = "test",
            ParameterCount = 1,
        });
        for (int step = 0; step < 2; step++)
        {
            bool teaches = step == 0 || lastGroupTeaches;
            await _store.WriteJournalAsync(new JournalStep { Step = step, Groups = [Group(true), Group(teaches)] });
            var metrics = new StepMetrics { Version = step + 1, Ledger = step == 0 ? first : second };
            await _store.WriteMetricsAsync(step + 1, (JsonObject)JsonSerializer.SerializeToNode(metrics)!);
        }
    }

    private static JournalGroup Group(bool teaches) => new()
    {
        PromptId = "p",
        Prompt = "p",
        PromptTokens = [1],
        Completions = [.. Enumerable.Range(0, 3).Select(_ => new JournalCompletion([1], "x"))],
        Rewards = [0, 1, 1],
        Exact = [false, true, true],
        Advantages = teaches ? [-1, 0.5, 0.5] : [0, 0, 0],
    };
}
