using System.Diagnostics;

namespace Bgpo.Bench;

/// <summary>
/// Starts what is measured as processes of their own: the console, as users start it, and this program once more.
/// </summary>
internal static class ChildPrograms
{
    /// <summary>The console where its project builds it: compiled ahead, which the copy beside this program is not.</summary>
    private static readonly string s_console =
        Path.GetFullPath("../../../../../client/bin/Release/net10.0/Bgpo.Client.dll", AppContext.BaseDirectory);

    private static readonly string s_bench = Path.Combine(AppContext.BaseDirectory, "Bgpo.Bench.dll");

    /// <summary>Starts the console with its output and input redirected; it should end when its input does.</summary>
    /// <param name="runtimeFolder">Folder in which its cluster lives.</param>
    /// <param name="arguments">The command line.</param>
    internal static Process Console(string runtimeFolder, params string[] arguments) =>
        Start(Info(s_console, runtimeFolder, arguments));

    /// <summary>Starts the console with its output in a file, so that nobody is kept busy by reading it.</summary>
    /// <param name="output">The file.</param>
    /// <param name="runtimeFolder">Folder in which its cluster lives.</param>
    /// <param name="arguments">The command line.</param>
    internal static Process ConsoleInto(string output, string runtimeFolder, params string[] arguments)
    {
        ProcessStartInfo own = Info(s_console, runtimeFolder, arguments);
        // The shell gives its place and its number to the program.
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", output, own.FileName, .. own.ArgumentList])
        {
            RedirectStandardInput = true,
        };
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        return Process.Start(start)!;
    }

    /// <summary>Starts this program with its output and input redirected; it should end when its input does.</summary>
    /// <param name="runtimeFolder">Folder in which its cluster lives.</param>
    /// <param name="arguments">The command line.</param>
    internal static Process Bench(string runtimeFolder, params string[] arguments) =>
        Start(Info(s_bench, runtimeFolder, arguments));

    /// <summary>Completes when whoever started this process has closed its input or is gone.</summary>
    internal static async Task ParentLetsGo()
    {
        using Stream input = System.Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[64]) > 0)
        {
            // Nothing is said this way.
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardInput = true;
        return Process.Start(start)!;
    }

    private static ProcessStartInfo Info(string program, string runtimeFolder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]);
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        return start;
    }
}
