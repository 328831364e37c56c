using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Bgpo.Cluster.Tests;

/// <summary>The real executable, started in a folder as from a shell.</summary>
internal sealed partial class Executable(string folder)
{
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int Terminate = 15;

    /// <summary>The console as users start it: compiled ahead, which its copy beside the tests is not.</summary>
    internal static readonly string Path =
        System.IO.Path.Combine(ProjectFolder.Find(), "client", "bin", "Release", "net10.0", "Bgpo.Client.dll");

    /// <summary>What measures.</summary>
    internal static readonly string Bench =
        System.IO.Path.Combine(ProjectFolder.Find(), "bench", "Bgpo.Bench", "bin", "Release", "net10.0", "Bgpo.Bench.dll");

    /// <summary>The program: <see cref="Path"/> or <see cref="Bench"/>.</summary>
    internal string Program { get; init; } = Path;

    /// <summary>What its environment has besides.</summary>
    internal Dictionary<string, string> Environment { get; } = [];

    /// <summary>Starts it; the caller reads its streams.</summary>
    internal Process Start(string[] arguments, string fault = "")
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BGPO_HOME"] = ProjectFolder.Find(), ["BGPO_COMMAND"] = "bgpo", ["BGPO_FAULT"] = fault },
        };
        foreach ((string name, string value) in Environment)
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(Program);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>Starts a silo and waits until it has joined.</summary>
    internal async Task<Process> Silo(string cluster, string[] more, string fault = "")
    {
        Process silo = Start(["silo", "--cluster", cluster, .. more], fault);
        string? joined = await silo.StandardOutput.ReadLineAsync();
        if (joined?.Contains("joined", StringComparison.Ordinal) != true)
        {
            Assert.Fail($"the silo did not join: {joined}{await silo.StandardError.ReadToEndAsync()}");
        }

        _ = silo.StandardOutput.ReadToEndAsync();
        _ = silo.StandardError.ReadToEndAsync();
        return silo;
    }

    /// <summary>Runs it to its end; <paramref name="each"/> sees every line of its output as it comes.</summary>
    internal async Task<Ended> Run(string[] arguments, string fault = "", Action<Process, string>? each = null)
    {
        using Process process = Start(arguments, fault);
        Task<string> error = process.StandardError.ReadToEndAsync();
        List<string> lines = [];
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            each?.Invoke(process, line);
        }

        await process.WaitForExitAsync();
        return new Ended(process.ExitCode, lines, await error);
    }

    internal static void Send(Process process, int signal) => Assert.Equal(0, SendSignal(process.Id, signal));

    /// <summary>Ends a process that may have ended.</summary>
    internal static async Task End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>The processes that one has started, oldest first.</summary>
    internal static int[] Children(int process) =>
        [.. Directory.GetDirectories("/proc").Select(System.IO.Path.GetFileName)
            .Select(name => int.TryParse(name, out int id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == process).Order()];

    private static int ParentOf(int process)
    {
        try
        {
            // After the command's name, which may hold anything but ends with the last parenthesis: state, then the parent.
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>What an ended process left: its exit code, its output's lines and its error text.</summary>
internal sealed record Ended(int Code, List<string> Lines, string Error)
{
    /// <summary>Its only line, as JSON.</summary>
    internal JsonNode Json => JsonNode.Parse(Assert.Single(Lines))!;

    /// <summary>Its lines, as JSON.</summary>
    internal IReadOnlyList<JsonNode> Events => [.. Lines.Select(line => JsonNode.Parse(line)!)];
}
