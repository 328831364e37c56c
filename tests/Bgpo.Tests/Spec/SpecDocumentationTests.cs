namespace Bgpo.Tests.Spec;

public class SpecDocumentationTests
{
    /// <summary>After a change of the records: BGPO_UPDATE_DOCS=1 writes the page anew.</summary>
    [Theory]
    [InlineData("docs/run-spec.md")]
    [InlineData("docs/clusters.md")]
    public void Page_IsCompleteAndAgreesWithTheRecords(string name)
    {
        var file = Path.Combine(SpecDocumentation.Root, name);
        var page = File.ReadAllText(file);
        var expected = SpecDocumentation.Filled(page, SpecDocumentation.Pages[name]);
        if (Environment.GetEnvironmentVariable("BGPO_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(file, expected);
        }
        else
        {
            Assert.Equal(expected, page);
        }
    }
}
