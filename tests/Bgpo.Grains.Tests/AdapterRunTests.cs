using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>Whole runs that train low-rank adapters over frozen weights.</summary>
public sealed class AdapterRunTests : IDisposable
{
    private static readonly string[] s_lora =
        ["model.train=lora", "model.lora.rank=4", "model.lora.alpha=8", "units.recompute=true", "optimizer.learningRate=0.01",
            "run.steps=4"];

    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task ARunOfAdapters_EndsInTheSameWeights_OnOneDeviceAndOnThree_StoppedAndResumed()
    {
        string one = (await _runs.Complete("a", 1, s_lora)).WeightsSha256;
        await _runs.StopAfter("b", 3, steps: 1, s_lora);
        Assert.Equal(one, (await _runs.Resume("b")).WeightsSha256);
        Assert.NotEqual(await _runs.HashAt("a", 0), one);

        CheckpointManifest manifest = (await _runs.Store("a").ReadManifestAsync(4))!;
        // q, k, v, attn_out of 64 and the MLP's three between 64 and 192, at rank 4, in four blocks.
        Assert.Equal(4 * 4 * ((4 * 128) + (3 * 256)), manifest.ParameterCount);
        using var files = ModelFiles.Open(SmallRuns.BaseModel());
        Assert.Equal(new AdapterManifest(files.Sha256(), 4, 8, "all-linear"), manifest.Adapter);
    }

    [Fact]
    public async Task AdaptersOverAnotherBase_AreRefused_AndATargetThatMatchesNothing()
    {
        string folder = Directory.CreateTempSubdirectory("bgpo-base-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(SmallRuns.BaseModel()))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }
            string[] overrides = [.. s_lora, $"model.path={folder}"];
            await _runs.StopAfter("a", 1, steps: 1, overrides);
            string weights = Path.Combine(folder, "model.safetensors");
            byte[] content = File.ReadAllBytes(weights);
            content[^2] ^= 1;
            File.WriteAllBytes(weights, content);
            RunException refused = await Assert.ThrowsAsync<RunException>(() => _runs.Resume("a"));
            Assert.Contains("the adapters of run 'a' are trained on", refused.Message, StringComparison.Ordinal);

            // Shards and controllers need no base; work does, and another silo may have it.
            RunContexts contexts = new(new RunCatalog(_runs.Blobs));
            Assert.Equal(4, (await contexts.GetSpec("a")).Run.Steps);
            Assert.NotNull((await contexts.Get("a")).Adapter);
            UnsuitableSiloException unsuitable =
                await Assert.ThrowsAsync<UnsuitableSiloException>(() => contexts.GetForWork("a"));
            Assert.Equal(refused.Message, unsuitable.Message);

            RunException nothing =
                await Assert.ThrowsAsync<RunException>(() => _runs.Complete("b", 1, [.. s_lora, "model.lora.targets=c_attn"]));
            Assert.Contains("model.lora.targets: 'c_attn' matches no projection of LLaDA", nothing.Message,
                StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("llada", 16)]
    [InlineData("dream", 16)]
    [InlineData("sdar", 4)]
    public async Task AModelOfHuggingFacesKind_IsAskedInItsChatTemplate_AndItsTokenizerIsNamedNotCopied(string family, int block)
    {
        string folder = Path.Combine(SmallRuns.BaseModel(), "..", "..", "tests", "Bgpo.Model.Tests", "Reference", family);
        await _runs.Complete(
            "a", 1, [.. s_lora, $"model.path={folder}", "run.steps=1", $"rollout.blockLength={block}", "evaluation.count=2"]);
        CheckpointManifest manifest = (await _runs.Store("a").ReadManifestAsync(1))!;
        ITokenizer tokenizer = ModelFolder.ParseTokenizer(manifest.Tokenizer, "test");
        Assert.InRange(manifest.Tokenizer.Length, 1, 1000);
        JournalStep journal = (await _runs.Store("a").ReadJournalAsync(0))!;
        Assert.All(journal.Groups, group => Assert.Equal(tokenizer.EncodePrompt(group.Prompt), group.PromptTokens));

        if (family == "sdar")
        {
            RunException refused = await Assert.ThrowsAsync<RunException>(
                () => _runs.Complete("b", 1, [.. s_lora, $"model.path={folder}", "rollout.blockLength=8"]));
            Assert.Contains("the model attends in blocks of 4", refused.Message, StringComparison.Ordinal);
        }
    }
}
