using Bgpo.Spec;

namespace Bgpo.Tests.Spec;

public class SpecLoaderTests
{
    private const string Least = "model:\n  path: models/base\n";

    [Fact]
    public void GivenFields_AreRead_AndTheRestKeepTheirDefaults()
    {
        var spec = Load(Least + "rollout: { prompts: 4, temperature: 0.6 }\nobjective:\n  countPadding: false\n");

        var expected = new RunSpec { Model = new() { Path = "models/base" } };
        Assert.Equal(
            expected with
            {
                Rollout = expected.Rollout with { Prompts = 4, Temperature = 0.6 },
                Objective = expected.Objective with { CountPadding = false },
            },
            spec);
    }

    [Theory]
    [InlineData("rollout:\n")]
    [InlineData("rollout: {}\n")]
    [InlineData("rollout: ~\n")]
    [InlineData("# nothing\n")]
    public void EmptySection_MeansDefaults(string section) =>
        Assert.Equal(new RunSpec { Model = new() { Path = "models/base" } }, Load(Least + section));

    [Theory]
    [InlineData("run:\n  steps: -3\n", "f.yaml:4: field run.steps: value '-3': a whole number from 1 to 1000000")]
    [InlineData("run:\n  steps: 1.5\n", "f.yaml:4: field run.steps: value '1.5': a whole number from 1 to 1000000")]
    [InlineData("run:\n  steps: 99999999999999999999\n",
        "f.yaml:4: field run.steps: value '99999999999999999999': a whole number from 1 to 1000000")]
    [InlineData("run:\n  steps: '7'\n",
        "f.yaml:4: field run.steps: value '7': a whole number from 1 to 1000000 (without quotes)")]
    [InlineData("run:\n  steps:\n", "f.yaml:4: field run.steps: value '': a whole number from 1 to 1000000")]
    [InlineData("run:\n  seed: -1\n", "f.yaml:4: field run.seed: value '-1': a whole number from 0 to 9223372036854775807")]
    [InlineData("run:\n  name: My Run\n",
        "f.yaml:4: field run.name: value 'My Run': lower-case letters, digits and dashes, 63 at most, starting with a letter " +
            "or digit")]
    [InlineData("rollout:\n  temperature: NaN\n", "f.yaml:4: field rollout.temperature: value 'NaN': a number from 0 to 10")]
    [InlineData("rollout:\n  temperature: 1e999\n", "f.yaml:4: field rollout.temperature: value '1e999': a number from 0 to 10")]
    [InlineData("rollout:\n  temperature: warm\n", "f.yaml:4: field rollout.temperature: value 'warm': a number from 0 to 10")]
    [InlineData("rollout:\n  temperature: [1]\n", "f.yaml:4: field rollout.temperature: value a list: a number from 0 to 10")]
    [InlineData("objective:\n  countPadding: yes\n", "f.yaml:4: field objective.countPadding: value 'yes': true or false")]
    [InlineData("objective:\n  masking: exakt\n",
        "f.yaml:4: field objective.masking: value 'exakt': one of bernoulli, exact; did you mean 'exact'?")]
    [InlineData("task:\n  name: chess\n",
        "f.yaml:4: field task.name: value 'chess': one of sudoku4x4, countdown3, countdown, sudoku9x9, code, pyfunc, math, arithmetic, command, http")]
    [InlineData("rollout:\n  temprature: 1\n",
        "f.yaml:4: field rollout.temprature: value '1': unknown field; did you mean 'rollout.temperature'?")]
    [InlineData("rollout:\n  block_length: 8\n",
        "f.yaml:4: field rollout.block_length: value '8': unknown field; did you mean 'rollout.blockLength'?")]
    [InlineData("temperature: 1\n", "f.yaml:3: field temperature: value '1': unknown field; did you mean 'rollout.temperature'?")]
    [InlineData("units:\n  zzz: 1\n",
        "f.yaml:4: field units.zzz: value '1': unknown field; known fields of units: samples, microbatch, recompute")]
    [InlineData("units: 5\n", "f.yaml:3: field units: value '5': a section (fields, indented under it)")]
    [InlineData("units: [1]\n", "f.yaml:3: field units: value a list: a section (fields, indented under it)")]
    [InlineData("model:\n  path: x\n", "f.yaml:3: field model: given twice (first in line 1); keep one")]
    [InlineData("[1]: 2\n", "f.yaml:3: a field's name must be a plain word, not a list or a section")]
    [InlineData("units: *u\n", "f.yaml:3: alias '*u' names no anchor that comes before it")]
    [InlineData("---\nrun: {}\n", "f.yaml:3: a second document starts here; a spec is one document")]
    public void BadField_IsNamedWithItsPlaceValueAndLimits(string rest, string expected) => Refused(Least + rest, expected);

    [Theory]
    [InlineData("rollout: { responseLength: 20 }\n",
        "f.yaml:3: field rollout.blockLength: value '16' (the default): must divide responseLength (20); choose one of 1, 2, " +
            "4, 5, 10, 20")]
    [InlineData("rollout:\n  blockLength: 4\n  denoisingSteps: 6\n",
        "f.yaml:5: field rollout.denoisingSteps: value '6': a multiple of the number of blocks (16 / 4 = 4)")]
    [InlineData("rollout:\n  denoisingSteps: 17\n",
        "f.yaml:4: field rollout.denoisingSteps: value '17': at most responseLength (16): each step decodes a token or more")]
    [InlineData("evaluation:\n  denoisingSteps: 17\n",
        "f.yaml:4: field evaluation.denoisingSteps: value '17': at most rollout.responseLength (16): each step decodes a token " +
            "or more")]
    [InlineData("objective:\n  minibatches: 3\n",
        "f.yaml:4: field objective.minibatches: value '3': must divide rollout.prompts (16); choose one of 1, 2, 4, 8, 16")]
    [InlineData("rollout:\n  stopAtEnd: true\n",
        "f.yaml:4: field rollout.stopAtEnd: value 'true': needs objective.countPadding: false, since the blocks behind an end " +
            "token are filled, not sampled")]
    [InlineData("task:\n  minBlanks: 10\n", "f.yaml:4: field task.minBlanks: value '10': at most maxBlanks (9)")]
    public void FieldsThatDoNotFitTogether_AreRefused(string rest, string expected) => Refused(Least + rest, expected);

    [Theory]
    [InlineData("", "f.yaml: the file is empty; it should hold the fields of docs/run-spec.md, for example configs/sudoku.yaml")]
    [InlineData("# only this\n",
        "f.yaml: the file is empty; it should hold the fields of docs/run-spec.md, for example configs/sudoku.yaml")]
    [InlineData("- 1\n", "f.yaml:1: expected fields (name: value), found a list")]
    [InlineData("hello\n", "f.yaml:1: expected fields (name: value), found 'hello'")]
    [InlineData("run: {}\n", "f.yaml: field model.path: missing; expected text, not empty")]
    [InlineData("model:\n  path: ''\n", "f.yaml:2: field model.path: value '': text, not empty")]
    public void FileThatIsNoSpec_IsRefused(string yaml, string expected) => Refused(yaml, expected);

    [Theory]
    [InlineData("model:\n\tpath: x\n", "f.yaml:2: not valid YAML: a tab in the indentation; use spaces")]
    [InlineData("model: {path: x\n", "f.yaml:2: not valid YAML: ")]
    [InlineData("model:\n  path: 'x\n", "f.yaml:2: not valid YAML: ")]
    [InlineData("a: b: c\n", "f.yaml:1: not valid YAML: ")]
    [InlineData("\0\u0001", "f.yaml:1: ")]
    public void GarbledYaml_IsNamedWithItsLine(string yaml, string start)
    {
        var error = Assert.Throws<SpecException>(() => Load(yaml));
        Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void DeepNesting_IsAnErrorAndNoCrash() =>
        Assert.Contains("nested deeper", Assert.Throws<SpecException>(() => Load(new string('[', 100_000))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void AllErrors_AreReportedAtOnce_InTheOrderOfTheRecords()
    {
        var error = Assert.Throws<SpecException>(() => Load(Least + "run:\n  steps: 0\nunits:\n  samples: x\n"));
        Assert.Equal(2, error.Errors.Count);
        Assert.Equal(error.Errors[0], error.Message);
        Assert.StartsWith("f.yaml:6: field units.samples", error.Errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Anchors_Work() =>
        Assert.Equal(8, Load(Least + "rollout:\n  responseLength: &l 8\n  blockLength: *l\n").Rollout.BlockLength);

    [Fact]
    public void Overrides_WinOverTheFile_AndTheLastOneWins()
    {
        var spec = Load(Least, "rollout.temperature=0.5", "rollout.temperature = 0.9", "model.path=a=b c",
            "objective.normalizeByStd=false");
        Assert.Equal(0.9, spec.Rollout.Temperature);
        Assert.Equal("a=b c", spec.Model.Path);
        Assert.False(spec.Objective.NormalizeByStd);
    }

    [Fact]
    public void Override_GivesARequiredField_ThatTheFileLacks() =>
        Assert.Equal("m", Load("run: {}\n", "model.path=m").Model.Path);

    [Theory]
    [InlineData("rollout.temprature=1",
        "--set rollout.temprature: field rollout.temprature: value '1': unknown field; did you mean 'rollout.temperature'?")]
    [InlineData("run.steps=-1", "--set run.steps: field run.steps: value '-1': a whole number from 1 to 1000000")]
    [InlineData("objective.minibatches=5",
        "--set objective.minibatches: field objective.minibatches: value '5': must divide rollout.prompts (16); choose one of " +
            "1, 2, 4, 8, 16")]
    [InlineData("units=5",
        "--set units: field units: value '5': a section; set one of its fields: units.samples, units.microbatch, " +
            "units.recompute")]
    [InlineData("units.samples.x=5",
        "--set units.samples.x: field units.samples: no section: it takes a whole number from 1 to 65536")]
    [InlineData("units.samples", "--set units.samples: expected FIELD=VALUE, for example --set rollout.temperature=0.9")]
    [InlineData("=3", "--set =3: expected FIELD=VALUE, for example --set rollout.temperature=0.9")]
    [InlineData("a..b=3", "--set a..b=3: expected FIELD=VALUE, for example --set rollout.temperature=0.9")]
    public void BadOverride_IsNamedAsSuch(string assignment, string expected) =>
        Assert.Equal(expected, Assert.Throws<SpecException>(() => Load(Least, assignment)).Message);

    [Fact]
    public void Pretraining_ReadsItsPhases_AndOverridesReachThem()
    {
        const string yaml = "phases:\n  - steps: 5\n  - { answerNoise: 0.4, optimizer: { beta2: 0.98 } }\n";
        var spec = SpecLoader.Load<PretrainSpec>(yaml, "p.yaml", ["phases.1.steps=9"]);

        Assert.Equal([new() { Steps = 5 }, new() { Steps = 9, AnswerNoise = 0.4, Optimizer = new() { Beta2 = 0.98 } }],
            spec.Phases);
    }

    [Theory]
    [InlineData("seed: 1\n", "", "p.yaml: field phases: missing; expected a list, at least one item")]
    [InlineData("phases: []\n", "", "p.yaml:1: field phases: empty list: at least one item")]
    [InlineData("phases: 3\n", "", "p.yaml:1: field phases: value '3': a list (items that start with '- ')")]
    [InlineData("phases:\n  - steps: 1\n  - stepz: 2\n", "",
        "p.yaml:3: field phases.1.stepz: value '2': unknown field; did you mean 'phases.1.steps'?")]
    [InlineData("phases:\n  - steps: 1\n", "phases.1.steps=2", "--set phases.1: field phases: item '1': 0 to 0")]
    [InlineData("phases:\n  - steps: 1\nnetwork: { heads: 5 }\n", "",
        "p.yaml:3: field network.heads: value '5': must divide modelWidth (64) into heads of an even width")]
    [InlineData("phases:\n  - steps: 1\nnetwork: { heads: 64 }\n", "",
        "p.yaml:3: field network.heads: value '64': must divide modelWidth (64) into heads of an even width")]
    [InlineData("phases:\n  - steps: 1\ndenoisingSteps: 17\n", "",
        "p.yaml:3: field denoisingSteps: value '17': at most responseLength (16): each step decodes a token or more")]
    [InlineData("phases:\n  - steps: 1\nresponseLength: 256\n", "",
        "p.yaml:3: field responseLength: value '256': less than network.maxSequenceLength (256), which holds prompt and " +
            "response")]
    public void BadPretrainSpec_IsRefused(string yaml, string set, string expected) => Assert.Equal(
        expected,
        Assert.Throws<SpecException>(() => SpecLoader.Load<PretrainSpec>(yaml, "p.yaml", set.Length == 0 ? [] : [set])).Message);

    private static RunSpec Load(string yaml, params string[] set) => SpecLoader.Load<RunSpec>(yaml, "f.yaml", set);

    private static void Refused(string yaml, string expected) =>
        Assert.Equal(expected, Assert.Throws<SpecException>(() => Load(yaml)).Message);
}
