namespace Bgpo.Infra.Tests;

/// <summary>infra/apphost, which is not in the solution: it would slow every build.</summary>
public class AppHostTests
{
    [Fact]
    public async Task AppHost_IsBuilt()
    {
        (int code, string output, string error) = await Infra.Run(
            "dotnet", ["build", Infra.At("apphost", "Bgpo.AppHost.csproj"), "-c", "Release", "-v", "q", "-nologo"],
            new() { ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" });
        Assert.True(code == 0, output + error);
    }
}
