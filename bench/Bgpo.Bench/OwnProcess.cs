using System.Diagnostics;

namespace Bgpo.Bench;

/// <summary>Starts the console's executable again, as a process to measure with.</summary>
internal static class OwnProcess
{
    /// <summary>Starts it with its output and input redirected; it should end when its input does.</summary>
    /// <param name="runtimeFolder">Folder in which its cluster lives.</param>
    /// <param name="arguments">The command line.</param>
    internal static Process Start(string runtimeFolder, params string[] arguments)
    {
        ProcessStartInfo start = Info(runtimeFolder, arguments);
        start.RedirectStandardOutput = start.RedirectStandardInput = true;
        return Process.Start(start)!;
    }

    /// <summary>Starts it with its output in a file, so that nobody is kept busy by reading it.</summary>
    /// <param name="output">The file.</param>
    /// <param name="runtimeFolder">Folder in which its cluster lives.</param>
    /// <param name="arguments">The command line.</param>
    internal static Process StartInto(string output, string runtimeFolder, params string[] arguments)
    {
        ProcessStartInfo own = Info(runtimeFolder, arguments);
        // The shell gives its place and its number to the program.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", output, own.FileName, .. own.ArgumentList]) { RedirectStandardInput = true };
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        return Process.Start(start)!;
    }

    /// <summary>Completes when whoever started this process has closed its input or is gone.</summary>
    internal static async Task ParentLetsGo()
    {
        using Stream input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[64]) > 0)
        {
            // Nothing is said this way.
        }
    }

    private static ProcessStartInfo Info(string runtimeFolder, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"));
        }
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        return start;
    }
}
