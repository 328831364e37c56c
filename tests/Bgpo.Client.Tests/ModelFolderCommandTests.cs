using System.Text.Json.Nodes;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Models;
using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary><c>bgpo model</c>, and <c>bgpo generate</c> with models of published families.</summary>
public sealed class ModelFolderCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Inspect_SaysWhatAFolderHolds()
    {
        Assert.Equal(0, await _console.Run("model", "inspect", Reference("sdar")));
        string[] lines = _console.Out.ToString().TrimEnd().Split('\n');
        Assert.Equal("family      SDAR: attention causal between blocks of 4, each output predicts its own place", lines[0]);
        Assert.Equal("parameters  23,096 in 25 tensors, 1 file, BF16, 45.1 KiB", lines[1]);
        Assert.Equal("shape       width 24, 2 blocks, 4 heads of 8 (2 for keys and values), MLP 40, 128 tokens at most",
            lines[2]);
        Assert.Equal("tokenizer   Hugging Face's kind, 260 tokens for 262 rows; mask 259 <MASK>; end 256 <|endoftext|>, 258 " +
            "<|im_end|>", lines[3]);
        Assert.Equal("template    chatml", lines[4]);
        Assert.Matches("^weights     all finite, sha256 [0-9a-f]{64}$", lines[^1]);
    }

    [Fact]
    public async Task Inspect_Json_IsOneLine()
    {
        Assert.Equal(0, await _console.Run("model", "inspect", Reference("dream"), "--json", "--quick"));
        JsonNode line = JsonNode.Parse(Assert.Single(_console.Out.ToString().TrimEnd().Split('\n')))!;
        Assert.Equal(("Dream", true, 259), ((string?)line["family"], (bool)line["shiftsLogits"]!, (int)line["maskToken"]!));
        Assert.Null(line["weightsSha256"]);
    }

    [Fact]
    public async Task Inspect_SaysWhatIsWrong_InOneLine()
    {
        string folder = Path.Combine(_console.Work, "broken");
        Copy(Reference("llada"), folder);
        string weights = Path.Combine(folder, "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^1]);
        Assert.Contains("it is truncated or damaged", await _console.Refused(2, "model", "inspect", folder),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_OfAnotherFolder_SaysSo() =>
        Assert.Contains("no config.json there", await _console.Refused(2, "model", "inspect", _console.Work),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("dream-7b", "26M", "Dream")]
    [InlineData("sdar-4b", "26M", "SDAR")]
    [InlineData("llada-8b", "26M", "LLaDA")]
    [InlineData("illada-8b", "26M", "LLaDA")]
    public async Task Make_WritesAFolderThatOpens(string like, string scale, string family)
    {
        Assert.Equal(0, await _console.Run("model", "make", "--like", like, "--scale", scale, "--out", "m"));
        using var files = ModelFiles.Open(Path.Combine(_console.Work, "m"));
        Assert.Equal(family, files.Config.Family.Name);
        Assert.InRange(files.Layout.Length, 22_000_000, 30_500_000);
        Assert.StartsWith($"m: {family}, ", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal([Path.Combine(_console.Work, "m")], Directory.GetDirectories(_console.Work));
    }

    [Theory]
    [InlineData("option --out: value 'models': is there already", "--like", "dream-7b", "--out", "models")]
    [InlineData("option --scale: value 'big': a number of parameters", "--like", "dream-7b", "--out", "x", "--scale", "big")]
    [InlineData("the vocabulary of 152064 tokens alone makes", "--like", "dream-7b", "--out", "x", "--scale", "1M")]
    [InlineData("option --like: value 'dream': one of", "--like", "dream", "--out", "x")]
    [InlineData("option --tokenizer: value 'none.json': no such file", "--like", "dream-7b", "--out", "x",
        "--tokenizer", "none.json")]
    public async Task Make_RefusesWhatCannotBe(string expected, params string[] arguments)
    {
        Directory.CreateDirectory(Path.Combine(_console.Work, "models", "old"));
        Assert.Contains(expected, await _console.Refused(2, ["model", "make", .. arguments]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_console.Work, "x")));
    }

    [Fact]
    public async Task Generate_Chat_AsksWithTheFamilysDecoding()
    {
        Assert.Equal(0, await _console.Run(
            "generate", "--model", "models/base", "--chat", "hi", "--system", "be brief", "--length", "8", "--steps", "4",
            "--block", "4", "--remasking",
            "entropy", "--trace", "t.jsonl"));
        GenerateRequest request = _console.Models.Generated!;
        Assert.Equal([("system", "be brief"), ("user", "hi")],
            request.Chat!.Messages.Select(message => (message.Role, message.Content)));
        Assert.Equal((8, 4, 4), request.Given);
        Assert.Equal((Remasking.Entropy, Path.Combine(_console.Work, "t.jsonl")), (request.Remasking, request.Trace));
    }

    [Theory]
    [InlineData("argument PROMPT is missing")]
    [InlineData("there is a PROMPT besides", "text", "--chat", "hi")]
    [InlineData("they need --chat TEXT", "text", "--system", "be brief")]
    [InlineData("option --remasking: value 'best': one of", "--chat", "hi", "--remasking", "best")]
    public async Task Generate_RefusesWhatCannotBe(string expected, params string[] arguments) =>
        Assert.Contains(expected, await _console.Refused(2, ["generate", "--model", "models/base", .. arguments]),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("llada")]
    [InlineData("dream")]
    [InlineData("sdar")]
    public async Task AChat_IsAnswered_AndTracedTokenByToken(string family)
    {
        string trace = Path.Combine(_console.Work, "trace.jsonl");
        GenerateRequest Request(ChatRequest chat) => new(Reference(family), "hi", new RolloutSection(), 0, 1, DeviceSet.Cpu(1))
        {
            Chat = chat,
            Given = (8, 4, 4),
            Trace = trace,
        };
        List<int> steps = [];
        var progress = new Steps(steps);
        GenerateOutcome outcome = await new ModelCommands()
            .Generate(Request(new ChatRequest([new("user", "hi")], null)), progress, default);
        JsonNode[] lines = [.. File.ReadAllLines(trace).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(8, outcome.Tokens);
        Assert.InRange(lines.Length, 1, 8);
        Assert.Equal(lines.Length, lines.Select(line => (int)line["place"]!).Distinct().Count());
        Assert.NotEmpty(steps);
        await Assert.ThrowsAsync<BadInputException>(
            () => new ModelCommands()
                .Generate(Request(new ChatRequest([new("user", "<|mdm_mask|><|mask|><MASK>")], null)), progress, default));
    }

    [Fact]
    public async Task AdaptersAndTheirMerge_AnswerAlike_AndAnAdapterThatIsNoNumberIsRefused()
    {
        string model = Path.Combine(_console.Work, "model");
        Copy(Reference("dream"), model);
        using var files = ModelFiles.Open(model);
        var lora = new LoraConfig(2, 4, "q_proj,down_proj");
        ParameterLayout layout = lora.LayoutFor(files.Config);
        var noise = new Philox(3, Purpose.Other);
        float[] vector = [.. Enumerable.Range(0, (int)layout.Length).Select(i => (float)(0.3 * noise.Normal((uint)i)))];
        var adapters = new AdapterFolder(model, lora, layout, vector);
        string folder = Path.Combine(_console.Work, "adapters");
        adapters.Save(folder, files.Config);
        string merged = Path.Combine(_console.Work, "merged");
        MergedModel.Write(files, adapters, merged);
        Assert.Equal(Directory.GetFiles(model).Select(Path.GetFileName).Order(),
            Directory.GetFiles(merged).Select(Path.GetFileName).Order());
        Assert.Equal(File.ReadAllText(Path.Combine(model, "config.json")), File.ReadAllText(Path.Combine(merged, "config.json")));

        async Task<string> Answer(string from) => (await new ModelCommands().Generate(
            new GenerateRequest(from, "hello", new RolloutSection(), 0, 1, DeviceSet.Cpu(1)) { Given = (16, 16, 16) },
            new Steps([]),
            default)).Text;
        string expected = await Answer(folder);
        Assert.Equal(expected, await Answer(merged));
        Assert.NotEqual(expected, await Answer(model));

        vector[7] = float.NaN;
        (adapters with { Vector = vector }).Save(folder, files.Config);
        Assert.Contains(
            "tensor 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight' holds NaN at element 7",
            (await Assert.ThrowsAsync<BadInputException>(() => Answer(folder))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LLaDAsTargets_AreAPattern_SinceItsHeadBearsOneOfTheNames()
    {
        using var files = ModelFiles.Open(Reference("llada"));
        var lora = new LoraConfig(2, 4, LoraConfig.AllLinear);
        ParameterLayout layout = lora.LayoutFor(files.Config);
        string folder = Path.Combine(_console.Work, "adapters");
        new AdapterFolder(files.Folder, lora, layout, LoraConfig.Draw(layout, 1)).Save(folder, files.Config);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, AdapterFolder.ConfigFile)))!;
        string pattern = $"^{(string?)config["target_modules"]}$";
        Assert.Matches(pattern, "model.transformer.blocks.11.ff_out");
        Assert.DoesNotMatch(pattern, "model.transformer.ff_out");
        AdapterFolder back = AdapterFolder.Load(folder);
        Assert.Equal(LoraConfig.Draw(layout, 1), back.Vector);
        Assert.Equal((2, 4.0), (back.Lora.Rank, back.Lora.Alpha));
    }

    [Fact]
    public void AMergedModel_HasNoWeightsThatAreNotMerged_AndIsToldByItsOwnHash()
    {
        string folder = Path.Combine(_console.Work, "model");
        Copy(Reference("llada"), folder);
        string[] own = [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file))];
        string[] left = ["pytorch_model.bin", "model.gguf", "pytorch_model.bin.index.json", "model.safetensors.index.json",
            "adapter_config.json"];
        string[] taken = ["README.md", "LICENSE", "modeling_llada.py", "generation_config.json"];
        foreach (string name in (string[])[.. left, .. taken])
        {
            File.WriteAllText(Path.Combine(folder, name), "{}");
        }
        using var files = ModelFiles.Open(folder);
        var lora = new LoraConfig(2, 4, "q_proj");
        float[] vector = [.. Enumerable.Repeat(0.5f, (int)lora.LayoutFor(files.Config).Length)];
        var stored = new StoredModel(Manifest(files, vector, "q_proj"), files.Config, files.Tokenizer, vector, folder);
        string merged = Path.Combine(_console.Work, "merged");
        (long parameters, string sha256) = ExportCommand.Write(stored, merged, merge: true);
        using var written = ModelFiles.Open(merged);
        Assert.Equal((files.Layout.Length, written.Sha256()), (parameters, sha256));
        Assert.NotEqual(files.Sha256(), sha256);
        Assert.Equal(own.Concat(taken).Order(), Directory.GetFiles(merged).Select(file => Path.GetFileName(file)).Order());
    }

    [Fact]
    public void TheSpecsDecoding_HoldsForEvalAndGenerate_UnlessTheCommandLineSaysOtherwise()
    {
        var rollout = new RolloutSection { Remasking = Remasking.Margin, StopAtEnd = true };
        SamplerOptions evaluated = ModelCommands.Options(rollout, 0.5);
        Assert.Equal((Remasking.Margin, true, 0.5), (evaluated.Remasking, evaluated.StopsAtEnd, evaluated.Temperature));
        using var files = ModelFiles.Open(Reference("llada"));
        var request = new GenerateRequest("m", "hi", rollout, 0.5, 1, DeviceSet.Cpu(1));
        Assert.Equal(evaluated, Generation.Options(request, files.Config));
        Assert.Equal(Remasking.Entropy,
            Generation.Options(request with { Remasking = Remasking.Entropy }, files.Config).Remasking);
    }

    [Fact]
    public void AdaptersOfARun_AreAskedWithTheRunsTokenizer_AndOnlyInTheNetworkThatTheyWereTrainedIn()
    {
        string folder = Path.Combine(_console.Work, "model");
        Copy(Reference("dream"), folder);
        using var files = ModelFiles.Open(folder);
        var lora = new LoraConfig(2, 4, "q_proj");
        float[] vector = new float[lora.LayoutFor(files.Config).Length];
        CheckpointManifest manifest = Manifest(files, vector, "q_proj");
        ITokenizer plain = ((BpeTokenizer)files.Tokenizer).With(ChatTemplate.Plain);
        var stored = new StoredModel(manifest, files.Config, plain, vector, folder);
        using (LoadedModel open = stored.Open())
        {
            Assert.Equal(ChatTemplate.Plain, ((BpeTokenizer)open.Tokenizer).Template);
        }
        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config,
            File.ReadAllText(config).Replace("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 0.01", StringComparison.Ordinal));
        Assert.Contains("config.json: rms_norm_eps is 0.01; it is", Assert.Throws<ModelException>(() => stored.Open()).Message,
            StringComparison.Ordinal);
    }

    private static CheckpointManifest Manifest(ModelFiles files, float[] vector, string targets) => new()
    {
        Version = 1,
        ParameterCount = vector.Length,
        Shards = [],
        ModelConfig = files.Config.ToJson(),
        Tokenizer = "",
        Adapter = new AdapterManifest(files.Sha256(), 2, 4, targets),
        WeightsSha256 = "adapters",
        JournalPosition = 1,
    };

    private static string Reference(string family) =>
        Path.Combine(ProjectFolder.Find(), "tests", "Bgpo.Model.Tests", "Reference", family);

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private sealed class Steps(List<int> steps) : IProgress<GenerateProgress>
    {
        public void Report(GenerateProgress value) => steps.Add(value.Step);
    }
}
