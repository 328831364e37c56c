using Bgpo.Spec;

namespace Bgpo.Client.Tests;

public class ChangeableFieldsTests
{
    [Fact]
    public void EveryFieldThatMayChange_IsDescribed_WithFromWhen()
    {
        string page = File.ReadAllText(Path.Combine(ProjectFolder.Find(), "docs", "steering.md"));
        string[] rows = [.. page.Split('\n').SkipWhile(line => line != "| field | from when |").Skip(2)
            .TakeWhile(line => line.StartsWith('|'))];
        Assert.Equal(ChangeableFields.All.Select(field => $"| `{field.Field}` | {field.From} |"), rows);
    }
}
