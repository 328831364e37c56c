using System.Reflection;
using System.Text.Json.Nodes;

namespace Bgpo.Infra.Tests;

/// <summary>The template that Bicep makes of infra/azure, with the parameters that it has there.</summary>
public sealed class BicepTemplate : IAsyncLifetime
{
    private static readonly string s_bicep = typeof(BicepTemplate).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(one => one.Key == "Bicep").Value!;

    /// <summary>The template.</summary>
    public string Text { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        string built = await Run("build-params", Infra.At("azure", "main.bicepparam"), "--stdout", "--no-restore");
        Text = (string)JsonNode.Parse(built)!["templateJson"]!;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Runs Bicep. Its warnings and its linter's complaints are on stderr: there are none.</summary>
    internal static async Task<string> Run(params string[] arguments)
    {
        (int code, string output, string error) = await Infra.Run(s_bicep, arguments);
        Assert.Equal((0, ""), (code, error.Trim()));
        return output;
    }
}
