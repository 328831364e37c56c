using Bgpo.Bench.Commands;
using Bgpo.Client.Commands;
using Bgpo.Client.Commands.Models;
using Bgpo.Client.Commands.Training;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Theory]
    [InlineData("trian", "unknown command 'trian' of bgpo; did you mean 'train'? (see bgpo --help)")]
    [InlineData("tset", "unknown command 'tset' of bgpo; did you mean 'test'? (see bgpo --help)")]
    [InlineData("zzz", "unknown command 'zzz' of bgpo (see bgpo --help)")]
    [InlineData("train --stpes 3", "unknown option '--stpes' of bgpo train; did you mean '--steps'? (see bgpo train --help)")]
    [InlineData("train --stpes=3", "unknown option '--stpes=3' of bgpo train; did you mean '--steps'? (see bgpo train --help)")]
    [InlineData("train x", "unexpected argument 'x' of bgpo train (see bgpo train --help)")]
    [InlineData("train --steps", "required argument missing for option: '--steps' (see bgpo train --help)")]
    [InlineData("train --steps 1 --steps 2",
        "option '--steps' expects a single argument but 2 were provided (see bgpo train --help)")]
    [InlineData("train --steps -1", "option --steps: value '-1': a whole number from 1 to 1000000")]
    [InlineData("train --steps 1.5", "option --steps: value '1.5': a whole number from 1 to 1000000")]
    [InlineData("train --threads 0", "option --threads: value '0': a whole number from 1 to 1024")]
    [InlineData("train --run Big",
        "option --run: value 'Big': lower-case letters, digits and dashes, 63 at most, starting with a letter or digit")]
    [InlineData("train --resume ../x", "no run '../x' in runs; bgpo train makes one")]
    [InlineData("train --resume r --steps 3",
        "option --steps: not beside --resume, which goes on by the spec that the run was started with")]
    [InlineData("train --config no.yaml", "no.yaml: no such file; the specs in configs/ work as they are")]
    [InlineData("train --set rollout.temprature=1",
        "--set rollout.temprature: field rollout.temprature: value '1': unknown field; did you mean 'rollout.temperature'?")]
    [InlineData("train --set nonsense", "--set nonsense: expected FIELD=VALUE, for example --set rollout.temperature=0.9")]
    [InlineData("pretrain", "option --out is missing: name the model folder to make, for example --out models/mine")]
    [InlineData("eval", "option --model is missing: name a model folder, for example --model models/sudoku-base")]
    [InlineData("eval --model models/base --task sudoku4",
        "option --task: value 'sudoku4': one of arithmetic, code, command, countdown, countdown3, http, math, pyfunc, sudoku4x4, sudoku9x9; did you mean 'sudoku4x4'?")]
    [InlineData("eval --model models/base --temperature NaN", "option --temperature: value 'NaN': a number from 0 to 10")]
    [InlineData("eval --model models/base --data no.jsonl",
        "option --data: value 'no.jsonl': no such file, neither here nor in HOME")]
    [InlineData("generate --model m",
        "argument PROMPT is missing: give a prompt, or ask in the model's chat template with --chat TEXT")]
    [InlineData("generate a b",
        "unexpected argument 'b' of bgpo generate; put quotes around text with spaces (see bgpo generate --help)")]
    [InlineData("run", "bgpo run needs a command: start, list, status, watch, pause, resume, stop, checkpoint, set, samples, " +
        "compare, plot, metrics, logs, delete (see bgpo run --help)")]
    [InlineData("run wach x", "unknown command 'wach' of bgpo run; did you mean 'watch'? (see bgpo run --help)")]
    [InlineData("pausee x", "unknown command 'pausee' of bgpo; did you mean 'run pause'? (see bgpo --help)")]
    [InlineData("status", "unknown command 'status' of bgpo; did you mean 'run status' or 'cluster status'? (see bgpo --help)")]
    [InlineData("run watch", "bgpo run watch needs RUN (see bgpo run watch --help)")]
    [InlineData("run status x", "no run 'x' in runs; bgpo train makes one")]
    [InlineData("cluster silos --cluster Big",
        "option --cluster: value 'Big': lower-case letters, digits and dashes, 63 at most, starting with a letter or digit")]
    [InlineData("cluster stop --cluster no", "cluster 'no' has no silo of yours on this machine")]
    [InlineData("chaos --kill-every 5",
        "option --kill-every: value '5': a time from 100ms to 24h, for example 500ms, 5s, 2m or 1h")]
    [InlineData("chaos --signal hup", "option --signal: value 'hup': one of kill, stop, term, abort")]
    [InlineData("chaos --only controler",
        "option --only: value 'controler': one of controller, workers; did you mean 'controller'?")]
    [InlineData("silo --drain 0s", "option --drain: value '0s': a time from 1s to 1h, for example 500ms, 5s, 2m or 1h")]
    [InlineData("silo --store runs/../configs/sudoku.yaml/x --name Up",
        "option --name: value 'Up': lower-case letters, digits and dashes, 63 at most, starting with a letter or digit")]
    [InlineData("run plot x --curves rewrd",
        "option --curves: value 'rewrd': one of reward, solved, norm, eval, elbo, groups, seconds, unit, silos, rate; did you " +
            "mean 'reward'?")]
    [InlineData("completion tcsh", "shell 'tcsh': one of bash, zsh, fish")]
    [InlineData("verify elastic --scenario caos",
        "option --scenario: value 'caos': one of one, three, chaos, controller, hung, drain, crash, ettr, soak; did you mean " +
            "'chaos'?")]
    [InlineData("bench", "bgpo bench needs a command: memory, wire, scaling, overhead, store, model, rewards (see bgpo bench --help)")]
    [InlineData("bench memory --samples 64,1",
        "option --samples: value '64,1': ascending whole numbers from 1 to 1024 with commas between, for example 1,64")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line, string expected) =>
        Assert.Equal(expected.Replace("HOME", _console.Home, StringComparison.Ordinal),
            await _console.Refused(2, line.Split(' ')));

    [Fact]
    public async Task ModelThatIsNotThere_IsNamedWithWhereItWasLookedFor() => Assert.Equal(
        $"field model.path: value 'models/no': no such folder, neither here nor in {_console.Home}; bgpo pretrain makes one",
        await _console.Refused(2, "train", "--set", "model.path=models/no"));

    [Fact]
    public async Task ModelWithoutConfig_IsRefusedBeforeAnythingStarts()
    {
        File.Delete(Path.Combine(_console.Home, "models", "base", "config.json"));
        Assert.StartsWith("field model.path: value 'models/base': no config.json there; expected a folder with",
            await _console.Refused(2, "train"), StringComparison.Ordinal);
        Assert.Null(_console.Host.Options);
    }

    [Theory]
    [InlineData("run: {}\n", "x.yaml: field model.path: missing; expected text, not empty")]
    [InlineData("", "x.yaml: the file is empty; it should hold the fields of docs/run-spec.md, for example configs/sudoku.yaml")]
    [InlineData("model:\n  path: m\nrun:\n  steps: -1\n",
        "x.yaml:4: field run.steps: value '-1': a whole number from 1 to 1000000")]
    public async Task BadSpec_IsOneLineAndExitCode2(string yaml, string expected) =>
        Assert.Equal(expected, await _console.Refused(2, "train", "--config", _console.WorkFile("x.yaml", yaml)));

    [Fact]
    public async Task SeveralMistakesInASpec_AreSeveralLines()
    {
        _console.WorkFile("x.yaml", "model:\n  path: m\nrun:\n  steps: -1\nunits: 3\n");
        Assert.Equal(2, await _console.Run("train", "--config", "x.yaml"));
        Assert.Equal(2, _console.Error.ToString().TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task FilesThatAreNoText_AreRefused()
    {
        File.WriteAllBytes(Path.Combine(_console.Work, "x.yaml"), [0x61, 0xFF, 0xFE]);
        Assert.Equal("x.yaml: not UTF-8 text; expected a YAML file", await _console.Refused(2, "train", "--config", "x.yaml"));
        File.WriteAllBytes(Path.Combine(_console.Work, "x.yaml"), new byte[2 << 20]);
        _console.Error.GetStringBuilder().Clear();
        Assert.StartsWith("x.yaml: larger than", await _console.Refused(2, "train", "--config", "x.yaml"),
            StringComparison.Ordinal);
        _console.Error.GetStringBuilder().Clear();
        Assert.Equal(".: a folder; expected a YAML file", await _console.Refused(2, "train", "--config", "."));
    }

    [Fact]
    public async Task PrintedSpec_IsTheEffectiveOne_AndNothingStarts()
    {
        Assert.Equal(0, await _console.Run("train", "--print-spec", "--steps", "7", "--set", "rollout.temperature=0.5"));
        var spec = SpecLoader.Load<RunSpec>(_console.Out.ToString(), "printed", []);
        Assert.Equal((7, 0.5, "models/base"), (spec.Run.Steps, spec.Rollout.Temperature, spec.Model.Path));
        Assert.Null(_console.Host.Options);

        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("pretrain", "--print-spec", "--set", "phases.0.steps=9"));
        Assert.Equal(9, SpecLoader.Load<PretrainSpec>(_console.Out.ToString(), "printed", []).Phases[0].Steps);
    }

    [Fact]
    public async Task Version_IsOneLine()
    {
        Assert.Equal(0, await _console.Run("--version"));
        Assert.Matches(@"\Abgpo \d+\.\d+\.\d+\n\z", _console.Out.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("train")]
    [InlineData("pretrain")]
    [InlineData("eval")]
    [InlineData("generate")]
    [InlineData("silo")]
    [InlineData("run")]
    [InlineData("run start")]
    [InlineData("run list")]
    [InlineData("run status")]
    [InlineData("run watch")]
    [InlineData("run stop")]
    [InlineData("run resume")]
    [InlineData("run samples")]
    [InlineData("run compare")]
    [InlineData("run plot")]
    [InlineData("doctor")]
    [InlineData("completion")]
    [InlineData("cluster")]
    [InlineData("cluster silos")]
    [InlineData("cluster stop")]
    [InlineData("chaos")]
    [InlineData("verify")]
    [InlineData("verify elastic")]
    [InlineData("bench")]
    [InlineData("bench memory")]
    [InlineData("bench wire")]
    [InlineData("bench scaling")]
    public async Task EveryCommand_HasHelpWithExamples(string command)
    {
        Assert.Equal(0, await _console.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]));
        Assert.Contains($"\n  bgpo {command}".TrimEnd(), _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("\nExamples:\n  bgpo ", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _console.Error.ToString());
    }

    [Fact]
    public async Task NothingTyped_ShowsTheHelp()
    {
        Assert.Equal(0, await _console.Run());
        Assert.Contains("Commands:", _console.Out.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Examples => new(
        TrainCommand.Examples.Concat(PretrainCommand.Examples).Concat(EvalCommand.Examples).Concat(GenerateCommand.Examples)
            .Concat(BenchExamples()).Select(example => example.Line).Distinct());

    private static (string Line, string Meaning)[] BenchExamples()
    {
        using FakeConsole console = new();
        // A store and a model are measured for real.
        return [.. BenchCommand.Parts(console.Context(), console.Benchmarks)
            .Where(part => part.Command.Name is not ("store" or "model")).SelectMany(part => part.Examples)];
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Examples_AreValidCommandLines(string line)
    {
        Directory.CreateDirectory(Path.Combine(_console.Home, "models", "sudoku-base"));
        Directory.CreateDirectory(Path.Combine(_console.Home, "models", "LLaDA-8B-Instruct"));
        Directory.CreateDirectory(Path.Combine(_console.Work, "configs"));
        _console.WorkFile("configs/countdown.yaml", "model:\n  path: models/base\n");
        _console.WorkFile("configs/pretrain-sudoku.yaml", "phases:\n  - steps: 4\n");
        await new RunStore(BlobStores.Open(Path.Combine(_console.Work, "runs")), "my-run").CreateAsync(new RunRecord
        {
            RunId = "my-run",
            State = RunState.Completed,
            Spec = "model:\n  path: models/base\n",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        });
        _console.Host.Grain.Emits(Events.Started, Events.Completed);

        var arguments = line.Split(" | ")[0].Split(" > ")[0].Replace("\"", "", StringComparison.Ordinal).Split(' ');
        Assert.Equal((0, ""), (await _console.Run(arguments), _console.Error.ToString()));
    }

    [Fact]
    public async Task UnexpectedTrouble_IsOneLineAndExitCode1()
    {
        _console.Models.Error = new InvalidOperationException("broken\nin two lines");
        Assert.Equal(
            "failed: broken in two lines (InvalidOperationException; BGPO_TRACE=1 shows where)",
            await _console.Refused(1, "generate", "--model", "models/base", "3102200002100320"));
    }

    [Theory]
    [InlineData(typeof(BadInputException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    public async Task BadInputFoundLater_IsOneLineAndExitCode2(Type kind)
    {
        _console.Models.Error = (Exception)Activator.CreateInstance(
            kind,
            System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public
                | System.Reflection.BindingFlags.Instance, null, ["m: truncated"], null)!;
        Assert.Equal("m: truncated", await _console.Refused(2, "eval", "--model", "models/base"));
    }

    [Fact]
    public async Task CtrlC_EndsAnyCommandWith130()
    {
        _console.Interrupts.Signal();
        Assert.Equal("interrupted", await _console.Refused(130, "eval", "--model", "models/base"));
        Assert.False(_console.HasLeft);
        _console.Interrupts.Signal();
        Assert.True(_console.HasLeft);
    }

    [Fact]
    public void VersionOfTheConsole_IsTheProjects() => Assert.Equal("0.1.0", BgpoCommandLine.Version);
}
