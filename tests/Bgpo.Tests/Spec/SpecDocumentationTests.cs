namespace Bgpo.Tests.Spec;

public class SpecDocumentationTests
{
    /// <summary>After a change of the records: BGPO_UPDATE_DOCS=1 writes the page anew.</summary>
    [Fact]
    public void RunSpecPage_IsCompleteAndAgreesWithTheRecords()
    {
        var page = File.ReadAllText(SpecDocumentation.Page);
        var expected = SpecDocumentation.Filled(page);
        if (Environment.GetEnvironmentVariable("BGPO_UPDATE_DOCS") == "1")
            File.WriteAllText(SpecDocumentation.Page, expected);
        else
            Assert.Equal(expected, page);
    }
}
