using Bgpo.Spec;

namespace Bgpo.Tests.Spec;

public class SpecWriterTests
{
    [Fact]
    public void WrittenRunSpec_LoadsBackEqual()
    {
        var spec = new RunSpec
        {
            Run = new() { Name = "a-1", Seed = long.MaxValue, Steps = 7 },
            Objective = new() { CountPadding = false, MinTimestep = 1e-6, MaxLogRatio = 80 },
            Optimizer = new() { LearningRate = 0.1 + 0.2, Epsilon = 1e-15 },
            Model = new() { Path = "m" },
        };

        Assert.Equal(spec, SpecLoader.Load<RunSpec>(SpecWriter.Write(spec), "x", []));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("12")]
    [InlineData("1e3")]
    [InlineData("yes")]
    [InlineData(" a ")]
    [InlineData("a: b # c")]
    [InlineData("- x")]
    [InlineData("*x")]
    [InlineData("\"'\\\n\t")]
    [InlineData("Zür\u0001ich/模型")]
    [InlineData("/a/very long path with many words so that a writer which folds its lines at eighty columns would fold this " +
        "one here")]
    public void AnyText_LoadsBackEqual(string text)
    {
        var spec = new RunSpec { Model = new() { Path = text }, Task = new() { EvaluationData = text } };
        Assert.Equal(spec, SpecLoader.Load<RunSpec>(SpecWriter.Write(spec), "x", []));
    }

    [Fact]
    public void WrittenPretrainSpec_LoadsBackToTheSameText()
    {
        var text = SpecWriter.Write(new PretrainSpec { Phases = [new() { Steps = 3 }, new() { AnswerNoise = 0.4 }] });

        Assert.Contains("answerNoise: 0.4", text, StringComparison.Ordinal);
        Assert.Equal(text, SpecWriter.Write(SpecLoader.Load<PretrainSpec>(text, "x", [])));
    }

    [Fact]
    public void EveryField_IsWritten_InTheRecordsOrder()
    {
        var written = SpecWriter.Write(new RunSpec { Model = new() { Path = "m" } })
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':')[0].Trim());

        // An empty list has no items whose fields could be written.
        Assert.Equal(
            SpecSchema.Paths(typeof(RunSpec)).Where(p => !p.StartsWith("task.mixture.", StringComparison.Ordinal))
                .Select(p => p.Split('.')[^1]), written);
    }

    public static TheoryData<string> Committed =>
        new(Directory.GetFiles(Path.Combine(SpecDocumentation.Root, "configs"), "*.yaml")
            .Select(f => Path.GetRelativePath(SpecDocumentation.Root, f)));

    [Theory]
    [MemberData(nameof(Committed))]
    public void CommittedSpecs_AreValid(string path)
    {
        var yaml = File.ReadAllText(Path.Combine(SpecDocumentation.Root, path));
        if (Path.GetFileName(path).StartsWith("pretrain", StringComparison.Ordinal))
        {
            Assert.NotEmpty(SpecLoader.Load<PretrainSpec>(yaml, path, []).Phases);
        }
        else
        {
            Assert.NotEmpty(SpecLoader.Load<RunSpec>(yaml, path, []).Model.Path);
        }
    }
}
