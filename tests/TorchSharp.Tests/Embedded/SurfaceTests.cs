using Orleans.Tests;

namespace TorchSharp.Tests;

/// <summary>
/// Every public name of the embedded engine exists in TorchSharp with the same parameters, types and constants. The list of its
/// signatures was printed from its assembly; docs/engines.md says how.
/// </summary>
public class SurfaceTests
{
    // The embedded engine's own: what libtorch and BLAS it found.
    private const string OwnNamespace = "TorchSharp.Embedded.";

    [Fact]
    public void EveryPublicName_IsOneOfTheRealEngines()
    {
        HashSet<string> real = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Embedded", "signatures.txt"))];
        string[] strangers = [.. PublicSurface.Of(typeof(torch).Assembly)
            .Where(line => !real.Contains(line) && !line.Contains(OwnNamespace, StringComparison.Ordinal))];
        Assert.True(strangers.Length == 0, "TorchSharp has not:\n" + string.Join('\n', strangers));
    }
}
