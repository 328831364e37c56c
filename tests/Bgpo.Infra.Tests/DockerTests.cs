using System.Text.RegularExpressions;

namespace Bgpo.Infra.Tests;

/// <summary>infra/docker: the Dockerfile by a linter; images have what the build takes and what a silo needs.</summary>
public sealed partial class DockerTests
{
    private const string Linter = "dockerfile-utils";
    private const string LinterVersion = "0.16.3";

    private static readonly string s_dockerfile = Infra.Read("docker", "Dockerfile");

    private static readonly string[] s_allowed =
    [
        .. File.ReadAllLines(Path.Combine(Infra.Root, ".dockerignore"))
            .Where(line => line.StartsWith('!')).Select(line => line[1..]),
    ];

    [Fact]
    public async Task Dockerfile_SatisfiesTheLinter()
    {
        string program = await InstallLinter();
        (int code, string output, string error) = await Infra.Run("node", [program, "lint", Infra.At("docker", "Dockerfile")]);
        Assert.Equal((0, ""), (code, (output + error).Trim()));
    }

    [Fact]
    public void Images_RunAsNobody_DrainOnSigterm_AndSayHowTheyAre()
    {
        Assert.Matches("(?m)^USER [1-9][0-9]*$", s_dockerfile);
        Assert.DoesNotMatch("(?m)^USER (root|0)", s_dockerfile);
        Assert.Matches("(?m)^STOPSIGNAL SIGTERM$", s_dockerfile);
        // Not by a shell, which would keep SIGTERM to itself.
        Match entry = EntryPoint().Match(s_dockerfile);
        Assert.True(entry.Success);
        Assert.EndsWith("exec /app/Bgpo.Client \"$@\"\n", Infra.Read("docker", Path.GetFileName(entry.Groups[1].Value)));
        Match health = HealthCheck().Match(s_dockerfile);
        Assert.True(File.Exists(Infra.At("docker", Path.GetFileName(health.Groups[1].Value))));
    }

    [Fact]
    public void Context_HasAllThatTheBuildTakes()
    {
        foreach (Match copy in Copy().Matches(s_dockerfile))
        {
            foreach (string source in copy.Groups[1].Value.Split(' ')[..^1].Where(word => word != "."))
            {
                Assert.True(Path.Exists(Path.Combine(Infra.Root, source)), source);
                Assert.Contains(s_allowed, one => source == one || source.StartsWith(one + "/", StringComparison.Ordinal));
            }
        }
        foreach (Match script in Script().Matches(s_dockerfile))
        {
            Assert.True(File.Exists(Path.Combine(Infra.Root, script.Value)), script.Value);
        }
        Assert.All(Projects("client/Bgpo.Client.csproj"), project => Assert.Contains(project.Split('/')[0], s_allowed));
    }

    /// <summary>A project and all that it refers to, from the root.</summary>
    private static IEnumerable<string> Projects(string project)
    {
        string file = Path.Combine(Infra.Root, project);
        return Reference().Matches(File.ReadAllText(file))
            .Select(match => Path.GetFullPath(match.Groups[1].Value.Replace('\\', '/'), Path.GetDirectoryName(file)!))
            .SelectMany(other => Projects(Path.GetRelativePath(Infra.Root, other))).Prepend(project).Distinct();
    }

    /// <summary>Installs the linter by npm where it is missing.</summary>
    /// <returns>Its program.</returns>
    private static async Task<string> InstallLinter()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string folder = Path.Combine(cache, "bgpo", $"{Linter}-{LinterVersion}");
        string program = Path.Combine(folder, "node_modules", Linter, "bin", Linter);
        if (!File.Exists(program))
        {
            (int code, string output, string error) = await Infra.Run("npm",
                ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                    $"{Linter}@{LinterVersion}"]);
            Assert.True(code == 0, output + error);
        }
        return program;
    }

    [GeneratedRegex("(?m)^ENTRYPOINT \\[\"([^\"]+)\"\\]$")]
    private static partial Regex EntryPoint();

    [GeneratedRegex("(?m)^HEALTHCHECK .*CMD \\[\"([^\"]+)\"\\]$")]
    private static partial Regex HealthCheck();

    [GeneratedRegex("(?m)^COPY (?:--chmod=[0-9]+ )?((?!--from).*)$")]
    private static partial Regex Copy();

    [GeneratedRegex("infra/docker/[a-z.]+(?= (?:cpu|cuda) )")]
    private static partial Regex Script();

    [GeneratedRegex("<ProjectReference Include=\"([^\"]+)\"")]
    private static partial Regex Reference();
}
