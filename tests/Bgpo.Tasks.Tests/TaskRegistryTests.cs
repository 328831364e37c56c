using System.Reflection;
using Bgpo.Spec;

namespace Bgpo.Tasks.Tests;

public class TaskRegistryTests
{
    /// <summary>Tasks whose problems all come from files.</summary>
    private static readonly string[] s_fromFiles = ["code", "math", "command", "http"];

    public static TheoryData<string> Names => [.. TaskRegistry.Names];

    public static TheoryData<string> Generating => [.. TaskRegistry.Names.Except(s_fromFiles)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Task_BearsTheNameItIsAskedBy(string name) => Assert.Equal(name, Create(name).Name);

    [Fact]
    public void SpecAndRegistry_KnowTheSameTasks()
    {
        OneOfAttribute allowed = typeof(TaskSection).GetProperty(nameof(TaskSection.Name))!.GetCustomAttribute<OneOfAttribute>()!;
        Assert.Equal(TaskRegistry.Names, allowed.Values.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void UnknownTask_IsRefusedWithTheKnownOnes()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Create("chess"));
        Assert.Contains("'chess'", error.Message, StringComparison.Ordinal);
        Assert.Contains(string.Join(", ", TaskRegistry.Names), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Generating))]
    public void Problems_AreAFunctionOfSeedStepAndIndexAlone(string name)
    {
        ITask first = Create(name);
        ITask second = Create(name);
        // The other order of calls: no call may leave a trace.
        Example[] forth = [.. Enumerable.Range(0, 64).Select(i => first.TrainingExample(9, i / 8, i % 8, 0.3))];
        Example[] back = [.. Enumerable.Range(0, 64).Reverse().Select(i => second.TrainingExample(9, i / 8, i % 8, 0.3))];
        Assert.Equal(forth, back.Reverse());
        Assert.Equal(first.TrainingPrompt(9, 3, 4), second.TrainingPrompt(9, 3, 4));
        Assert.Equal(first.HeldOut(64), second.HeldOut(64));
    }

    [Theory]
    [MemberData(nameof(Generating))]
    public void Problems_DifferBySeedStepAndIndex(string name)
    {
        ITask task = Create(name);
        Prompt[] prompts =
        [
            task.TrainingPrompt(1, 0, 0), task.TrainingPrompt(2, 0, 0), task.TrainingPrompt(1, 1, 0),
            task.TrainingPrompt(1, 0, 1),
            task.TrainingExample(1, 0, 0, 0).Prompt,
        ];
        Assert.Equal(prompts.Length, prompts.Select(prompt => prompt.Id).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Generating))]
    public void ArgumentsOutOfRange_AreRefused(string name)
    {
        ITask task = Create(name);
        Assert.Throws<ArgumentOutOfRangeException>(() => task.TrainingPrompt(1, -1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => task.TrainingPrompt(1, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => task.HeldOut(-1));
        foreach (double noise in new[] { -0.1, 1.1, double.NaN })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => task.TrainingExample(1, 0, 0, noise));
        }
    }

    private static ITask Create(string name) => TaskRegistry.Create(
        new TaskSection { Name = name, Http = new HttpSection { Url = "http://localhost:1/" } });
}
