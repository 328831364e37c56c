using System.Text.Json.Nodes;

namespace Bgpo.Client.Tests;

public sealed class ModelCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Pretrain_ShowsItsProgressAndWhatItMade()
    {
        Assert.Equal(0, await _console.Run("pretrain", "--out", "m", "--set", "phases.0.steps=41"));

        Assert.Equal((Path.Combine(_console.Work, "m"), 41),
            (_console.Models.Pretrained!.Output, _console.Models.Pretrained.Spec.Phases[0].Steps));
        Assert.Equal(
            """
            phase 1/1  step 20/40  loss 2.500
            phase 1/1  step 40/40  loss 2.500
            model       m: 216,512 parameters in 0:53
            weights     sha256 abc
            held out    solved 30.0 % greedy, 5.0 % sampled, mean reward 0.600 (256 problems)
            next        bgpo eval --model m --task sudoku4x4
                        bgpo train --set model.path=m

            """,
            _console.Out.ToString());
    }

    [Fact]
    public async Task Pretrain_Json_EndsWithTheModel()
    {
        Assert.Equal(0, await _console.Run("pretrain", "--out", "m", "--json"));
        var lines = _console.Out.ToString().TrimEnd().Split('\n');
        Assert.Equal("""{"event":"step","phase":1,"phases":1,"step":1,"steps":40,"loss":2.5}""", lines[0]);
        Assert.Equal(
            $$"""{"event":"completed","model":"{{Path.Combine(_console.Work, "m")}}","parameters":216512,"weightsSha256":"abc","seconds":53.2,"greedyExact":0.3,"sampledExact":0.05,"meanReward":0.6,"count":256,"malformedShare":0,"failed":0,"failedSampled":0}""",
            lines[^1]);
    }

    [Fact]
    public async Task Pretrain_KeepsWhatIsThere_UnlessForced()
    {
        Directory.CreateDirectory(Path.Combine(_console.Work, "m"));
        _console.WorkFile("m/config.json", "{}");
        Assert.Equal("option --out: value 'm': the folder is not empty; name another or add --force",
            await _console.Refused(2, "pretrain", "--out", "m"));
        Assert.Null(_console.Models.Pretrained);
        Assert.Equal(0, await _console.Run("pretrain", "--out", "m", "--force"));
    }

    [Fact]
    public async Task Eval_AsksWithTheTasksDecoding_AndShowsTheResult()
    {
        File.WriteAllText(Path.Combine(_console.Home, "configs", "countdown.yaml"),
            "model:\n  path: m\nrollout: { responseLength: 32, blockLength: 32 }\n");

        Assert.Equal(0, await _console.Run(
            "eval", "--model", "models/base", "--task", "countdown3", "--count", "2", "--steps", "4", "--temperature", "0.5"));

        var request = _console.Models.Evaluated!;
        Assert.Equal(
            ("countdown3", 32, 4, 2, 0.5),
            (request.Task.Name, request.Rollout.ResponseLength, request.Rollout.DenoisingSteps, request.Count,
                request.Temperature));
        Assert.Contains("problems    2 of countdown3, at temperature 0.5, 4 denoising steps\nsolved      50.0 %\nreward      " +
            "0.750\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eval_OfADataFile_TakesAllOfIt_UnlessTold_AndSaysWhereItDoesNot()
    {
        _console.WorkFile("ev.csv", "");
        Assert.Equal(0, await _console.Run("eval", "--model", "models/base", "--data", "ev.csv"));
        Assert.Equal(int.MaxValue, _console.Models.Evaluated!.Count);
        Assert.Contains("problems    2 of sudoku4x4 (the first of 3 in ev.csv), greedy", _console.Out.ToString(),
            StringComparison.Ordinal);

        Assert.Equal(0, await _console.Run(
            "eval", "--model", "models/base", "--set", "task.evaluationData=ev.csv", "--count", "2"));
        Assert.Equal(2, _console.Models.Evaluated.Count);
        Assert.Equal(0, await _console.Run("eval", "--model", "models/base"));
        Assert.Equal(256, _console.Models.Evaluated.Count);
    }

    [Fact]
    public async Task Eval_Json_IsOneLine()
    {
        Assert.Equal(0, await _console.Run("eval", "--model", "models/base", "--json"));
        Assert.Equal(
            $$"""{"model":"{{Path.Combine(_console.Home, "models", "base")}}","task":"sudoku4x4","count":2,"inFile":null,"temperature":0,"seed":1,"exact":0.5,"meanReward":0.75,"malformedShare":0,"failed":0,"weightsSha256":"abc","seconds":1.25}""" + "\n",
            _console.Out.ToString());
    }

    [Fact]
    public async Task Generate_PrintsTheCompletionAlone()
    {
        Assert.Equal(0, await _console.Run("generate", "--model", "models/base", "3102200002100320", "--seed", "7"));
        Assert.Equal("3142241342311324\n", _console.Out.ToString());
        Assert.Equal(("3102200002100320", 7), (_console.Models.Generated!.Prompt, _console.Models.Generated.Seed));
    }

    [Fact]
    public async Task Generate_TakesAPromptAsItIs_EvenOneThatLooksLikeAFileName()
    {
        Assert.Equal(0, await _console.Run("generate", "--model", "models/base", "@3,4,5=23"));
        Assert.Equal("@3,4,5=23", _console.Models.Generated!.Prompt);
    }

    [Fact]
    public async Task BenchMemory_Json_IsOneLineWithTheRatio()
    {
        Assert.Equal(0, await _console.Run("bench", "memory", "--samples", "1,8,64", "--json"));
        Assert.Equal([1, 8, 64], _console.Benchmarks.Measured!);
        Assert.Equal(
            """{"benchmark":"memory","ratio":1.01,"rows":[{"objective":"bgpo","samples":1,"peakMiB":228.25,"baseMiB":100}]}"""
                + "\n", _console.Out.ToString());
    }

    [Fact]
    public async Task BenchMemory_IsATable()
    {
        Assert.Equal(0, await _console.Run("bench", "memory"));
        Assert.Equal(
            """
            objective              n_t    peak MiB   over base
            BGPO                     1       228.3       128.3
            BGPO with n_t = 64 takes 1.010 times the memory of n_t = 1

            """,
            _console.Out.ToString());
    }

    [Fact]
    public async Task BenchWire_Json_IsOneLine()
    {
        Assert.Equal(0, await _console.Run("bench", "wire", "--mib", "16", "--json"));
        Assert.Equal(
            """{"benchmark":"wire","accumulatorsGBs":2.5,"sinkGBs":3,"socketGBs":8.25,"exactSumGBs":7.5,"pingMedianMicroseconds":70.4,"pingP99Microseconds":199.6,"miB":16,"sumPath":"Avx512"}""" + "\n",
            _console.Out.ToString());
    }

    [Fact]
    public async Task BenchScaling_IsTwoTables_AndTheRatio()
    {
        Assert.Equal(0, await _console.Run("bench", "scaling", "--rounds", "1", "--silos", "1,256"));
        Assert.Equal(
            """
            silo processes, 1 thread each        steps/s   samples/s   devices busy   commit s
            1                                      0.500       200.0         95.0 %      0.010
            2                                      1.000       400.0         95.0 %      0.010
            1 in each of 2 runs                    0.950       380.0         95.0 %      0.010
            two silos are 2.00 times as fast as one
            two runs that have nothing to do with one another: 1.90
            simulated silos, 100 ms a unit    efficiency    s a step   messages a step   CPU ms a unit
            1                                     90.0 %       1.100                35            0.25
            256                                   90.0 %       1.100              8960            0.25

            """,
            _console.Out.ToString());
    }

    [Fact]
    public async Task BenchScaling_SaysHowSureItsRatioIs()
    {
        Assert.Equal(0, await _console.Run("bench", "scaling", "--only", "real"));
        Assert.Contains("two silos are 2.00 (95 %: 2.00 to 2.00) times as fast as one", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsNotGiven_IsAsTheHelpSays()
    {
        Assert.Equal(0, await _console.Run("bench", "scaling", "--only", "simulated", "--json"));
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256], Row("simulated", "silos"));
        Assert.Equal(0, await _console.Run("bench", "overhead", "--json"));
        Assert.Equal([1, 20], Row("rows", "watchers"));

        IEnumerable<int> Row(string rows, string value)
        {
            var line = _console.Out.ToString()!;
            _console.Out.GetStringBuilder().Clear();
            return JsonNode.Parse(line)![rows]!.AsArray().Select(row => (int)row![value]!);
        }
    }

    [Fact]
    public async Task BenchScaling_Json_IsOneLineWithTheMedianRatio()
    {
        Assert.Equal(0, await _console.Run("bench", "scaling", "--only", "real", "--rounds", "3", "--json"));
        var apart = """{"silos":1,"stepsPerSecond":0.95,"samplesPerSecond":380,"busy":0.95,"commitSeconds":0.01,"runs":2}""";
        var (one, two) = ("""{"silos":1,"stepsPerSecond":0.5,"samplesPerSecond":200,"busy":0.95,"commitSeconds":0.01,"runs":1}""",
            """{"silos":2,"stepsPerSecond":1,"samplesPerSecond":400,"busy":0.95,"commitSeconds":0.01,"runs":1}""");
        var slow = two.Replace(":1,", ":0.5,", StringComparison.Ordinal).Replace("400", "200", StringComparison.Ordinal);
        Assert.Equal(
            $$"""{"benchmark":"scaling","ratio":2,"ratioLow":null,"ratioHigh":null,"apartRatio":1.9,"ratios":[2,1,2],"apartRatios":[1.9,1.9,1.9],"real":[{{one}},{{two}},{{apart}},{{one}},{{slow}},{{apart}},{{one}},{{two}},{{apart}}],"simulated":[]}""" + "\n",
            _console.Out.ToString());
    }
}
