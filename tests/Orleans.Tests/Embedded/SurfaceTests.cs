namespace Orleans.Tests;

/// <summary>
/// Every public name of the embedded engine exists in Microsoft.Orleans with the same parameters, types and constants. The list of its
/// signatures was printed from its assemblies; docs/engines.md says how.
/// </summary>
public class SurfaceTests
{
    // The embedded engine's own: how its clusters are found.
    private static readonly string[] OwnNames = ["Orleans.Hosting.EmbeddedClustering"];

    [Fact]
    public void EveryPublicName_IsOneOfTheRealEngines()
    {
        HashSet<string> real = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Embedded", "signatures.txt"))];
        string[] strangers = [.. PublicSurface.Of(typeof(Grain).Assembly)
            .Where(line => !real.Contains(line) && !Array.Exists(OwnNames, own => line.Contains(own, StringComparison.Ordinal)))];
        Assert.True(strangers.Length == 0, "Microsoft.Orleans has not:\n" + string.Join('\n', strangers));
    }
}
