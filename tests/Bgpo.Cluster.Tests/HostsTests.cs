using System.Diagnostics;
using Bgpo.Storage.Blobs.Azure;

namespace Bgpo.Cluster.Tests;

/// <summary>Several hosts, made of this machine's namespaces by infra/hosts/three-hosts.sh.</summary>
public sealed class HostsTests
{
    private static readonly string s_script = Path.Combine(ProjectFolder.Find(), "infra", "hosts", "three-hosts.sh");

    [Fact]
    public async Task AHostThatIsCutOff_AndOneThatLosesItsPower_ChangeNothing()
    {
        (int code, string missing, _) = await Run("--check");
        Assert.SkipUnless(code == 0, $"three hosts cannot be made here: {missing.Trim()}");

        (code, string output, string error) = await Run();

        Assert.True(code == 0, output + error);
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal(lines[0].Split(' ')[^1], lines[^1].Split(' ')[^1]);
        Assert.Contains("the same weights: ", lines[^1], StringComparison.Ordinal);
        Assert.Contains("host b is cut off", output, StringComparison.Ordinal);
        Assert.Contains("host c has lost its power", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(s_script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AZURITE"] = await Azurite.InstallAsync();
        start.Environment["BGPO_BUILT"] = "1";
        using Process script = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        // All that it has started ends with it.
        using CancellationTokenRegistration end = patience.Token.Register(() => script.Kill(entireProcessTree: true));
        Task<string> error = script.StandardError.ReadToEndAsync();
        string output = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (script.ExitCode, output, await error);
    }
}
