using System.Text.Json.Nodes;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Silo.Devices;
using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Grains.Tests;

/// <summary>What devices keep of runs: replicas, and the frozen weights that replicas share.</summary>
public sealed class PolicyDevicesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-devices-").FullName;

    public PolicyDevicesTests()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(SmallRuns.BaseModel(), "..", "..", "tests", "Bgpo.Model.Tests", "Reference", "llada")))
        {
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AReplicaThatCannotBeMade_LeavesTheDeviceToOtherRuns()
    {
        RunContext good = Run("good");
        RunContext bad = good with { Id = "bad", Key = "bad", Adapter = good.Adapter! with { BaseSha256 = "other" } };
        using var devices = new PolicyDevices(1);
        RolloutResult before = await Sample(devices, good);
        for (int i = 0; i < 2; i++)
        {
            Assert.Contains(
                "run 'bad' is trained on other", (await Assert.ThrowsAsync<ModelException>(() => Sample(devices, bad))).Message, StringComparison.Ordinal);
            Assert.Equal([null], devices.Runs);
        }
        Assert.Equal(before.Completions, (await Sample(devices, good)).Completions);
    }

    [Fact]
    public void AReplica_GivesItsShareOfTheFrozenWeightsBackOnce()
    {
        RunContext run = Run("a");
        var bases = new BaseWeights();
        using var stays = new PolicyReplica(run, bases);
        var leaves = new PolicyReplica(run, bases);
        leaves.Dispose();
        leaves.Dispose();
        Assert.Equal(4, stays.Sample(Zeros(run), Request).Completions.Length);
    }

    [Fact]
    public void ANetworkThatCannotBeMade_KeepsNoShareOfTheFrozenWeights()
    {
        RunContext run = Run("a");
        var bases = new BaseWeights();
        RunContext bad = run with { Adapter = run.Adapter! with { Targets = "nothing" } };
        Assert.Throws<ModelException>(() => bases.NewNetwork(bad));
        // What nobody uses is read again: weights that were still in memory would be used without a look at the files.
        File.Delete(Path.Combine(_folder, "model.safetensors"));
        Assert.Contains("has neither", Assert.Throws<ModelException>(() => bases.NewNetwork(run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AConfigThatWasEdited_IsRefusedByItsField_AndMakesNoOtherNetworkInSilence()
    {
        RunContext run = Run("a");
        var bases = new BaseWeights();
        (Transformer network, Action release) = bases.NewNetwork(run);
        string config = Path.Combine(_folder, "config.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
        json["rope_theta"] = 1234.5;
        File.WriteAllText(config, json.ToJsonString());
        const string expected = "config.json: rope_theta is 1234.5; it is";

        RunContext other = Run("b");
        (Transformer others, Action releaseOthers) = bases.NewNetwork(other);
        Assert.Equal((run.Config, other.Config), (network.Config, others.Config)); // the same weights, two networks
        releaseOthers();
        release();
        Assert.Contains(expected, Assert.Throws<ModelException>(() => bases.NewNetwork(run)).Message, StringComparison.Ordinal);
        Assert.Contains(
            expected, Assert.Throws<ModelException>(() => TrainedModel.CheckBase(_folder, run.Adapter!, run.Config, "a")).Message, StringComparison.Ordinal);
        others.Dispose();
        network.Dispose();
    }

    [Theory]
    [InlineData("illada", "F16")]
    [InlineData("sdar", "BF16")]
    public void AdaptersOverNarrowWeights_NeedRecomputing(string family, string type)
    {
        string folder = Path.Combine(SmallRuns.BaseModel(), "..", "..", "tests", "Bgpo.Model.Tests", "Reference", family);
        RunSpec Spec(bool recompute) => SpecLoader.Load<RunSpec>(
            SmallRuns.Spec("model.train=lora", $"model.path={folder}", $"units.recompute={(recompute ? "true" : "false")}"), "test", []);
        Assert.StartsWith(
            $"field units.recompute: value 'false': true where weights are {type}", Assert.Throws<ModelException>(() => TrainedModel.Load(Spec(false))).Message,
            StringComparison.Ordinal);
        Assert.NotNull(TrainedModel.Load(Spec(true)).Adapter);
    }

    private static RolloutRequest Request { get; } =
        new(1, 0, Purpose.Rollout, 0, [0, 1, 2, 3], ["a", "bc", "def", "g"], 1, 4);

    private static Task<RolloutResult> Sample(PolicyDevices devices, RunContext run) =>
        devices.Sample(run, Zeros(run), Request, TestContext.Current.CancellationToken);

    private static Weights Zeros(RunContext run) => new(0, [new float[run.Parameters]]);

    private RunContext Run(string id)
    {
        RunSpec spec = SpecLoader.Load<RunSpec>(
            SmallRuns.Spec("model.train=lora", "model.lora.rank=2", $"model.path={_folder}", "rollout.responseLength=8", "rollout.blockLength=8"), "test", []);
        var model = TrainedModel.Load(spec);
        return new RunContext(id, spec, TaskRegistry.Create(spec.Task), model.Config, model.Tokenizer, model.Parameters.Length)
        {
            Adapter = model.Adapter,
        };
    }
}
