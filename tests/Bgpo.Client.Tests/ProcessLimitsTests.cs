namespace Bgpo.Client.Tests;

public sealed class ProcessLimitsTests
{
    [Theory]
    [InlineData("unlimited", "1048576", null)]
    [InlineData("4096000000", "1048576",
        "the address space of a process is limited to 4.1 GB (ulimit -v), and 6 GB are reserved for .NET and libtorch")]
    [InlineData("unlimited", "128",
        "a process may have 128 files open (ulimit -n), and a silo or model needs 256: raise that limit (ulimit -n 1024)")]
    public void LimitThatIsTooLow_IsNamed(string space, string files, string? refusal)
    {
        string table = $"""
            Limit                     Soft Limit           Hard Limit           Units
            Max cpu time              unlimited            unlimited            seconds
            Max open files            {files,-20} {files,-20} files
            Max address space         {space,-20} {space,-20} bytes

            """;
        string? said = ProcessLimits.Refusal(table);
        Assert.Equal(refusal, refusal is null ? said : said?[..Math.Min(said.Length, refusal.Length)]);
    }

    [Fact]
    public void LimitsOfThisProcess_AreRead() => Assert.Null(ProcessLimits.Refusal());
}
