using System.Diagnostics;

namespace Bgpo.Infra.Tests;

/// <summary>The folder infra/, and programs that look at it.</summary>
internal static class Infra
{
    /// <summary>The project's root.</summary>
    internal static string Root { get; } = ProjectFolder.Find();

    /// <summary>A file or folder of infra/.</summary>
    internal static string At(params string[] parts) => Path.Combine([Root, "infra", .. parts]);

    /// <summary>A file's text.</summary>
    internal static string Read(params string[] parts) => File.ReadAllText(At(parts));

    /// <summary>Whether a program is on the PATH, or where administrators have theirs.</summary>
    internal static bool Has(string program) => $"{Environment.GetEnvironmentVariable("PATH")}:/sbin:/usr/sbin".Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a program to its end.</summary>
    internal static async Task<(int Code, string Output, string Error)> Run(
        string program, string[] arguments, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using CancellationTokenRegistration end = patience.Token.Register(() => process.Kill(entireProcessTree: true));
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
