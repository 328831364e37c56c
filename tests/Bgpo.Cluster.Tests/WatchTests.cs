using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// The live view on a real terminal, which tmux is: what is on the screen is read, the screen is resized, and the view is left.
/// </summary>
[Collection(Steered.Name)]
public sealed partial class WatchTests(SteeredCluster cluster) : IAsyncLifetime
{
    private readonly string _socket = $"bgpo-{Guid.NewGuid():N}"[..16];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (HasTmux())
        {
            _ = await Tmux("kill-server");
        }
    }

    [Fact]
    public async Task TheLiveView_FitsItsScreen_IsResized_AndGivesTheTerminalBack()
    {
        Assert.SkipUnless(HasTmux(), "tmux is not installed; `bgpo test` installs it on Debian and Ubuntu");
        await cluster.Start("seen", 4000);
        string watch = $"dotnet {Executable.Path} run watch seen --cluster {cluster.Name}";
        // The shell outlives the view, and says what it left behind.
        string script = Path.Combine(cluster.Folder, "watch.sh");
        File.WriteAllText(script,
            $"for i in 1 2; do {watch}; echo \"left with $?\"; stty -a | tr ' ' '\\n' | grep -E '^-?(echo|icanon)$' | tr '\\n' " +
                "' '; echo; read -r _; done\n");
        await Tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-s", "s", "-c", cluster.Folder, "-e",
            "BGPO_COMMAND=bgpo", "bash", script);

        string[] wide = await Screen(
            lines => Has(lines, "silos  ", "store  ", "memory ", "q leaves") && lines.Any(line => VersionLine().IsMatch(line)));
        Assert.All(["version", "solve rate", "held out", "a step", "rate", "optimizer", "memory", "silos", "checkpoint", "store"],
            label => Assert.Single(wide, line => line.StartsWith(label + " ", StringComparison.Ordinal)));
        Assert.All(wide, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("2 with 2 devices", wide.Single(line => line.StartsWith("silos ", StringComparison.Ordinal)),
            StringComparison.Ordinal);

        // A step later the same lines show it, none twice.
        int version = VersionOf(wide);
        await Screen(lines => VersionOf(lines) > version
            && lines.Count(line => line.StartsWith("version ", StringComparison.Ordinal)) == 1);

        // Narrower and lower: everything is painted anew, cut to fit, and what the watcher may do is still there.
        await Tmux("resize-window", "-t", "s", "-x", "50", "-y", "16");
        string[] narrow = await Screen(
            lines => lines.Length <= 16 && lines.All(line => line.Length <= 50) && Has(lines, "version ", "q leaves")
            && lines.Count(line => line.StartsWith("seen ", StringComparison.Ordinal)) == 1);
        Assert.Single(narrow, line => line.StartsWith("reward ", StringComparison.Ordinal));
        await Tmux("resize-window", "-t", "s", "-x", "100", "-y", "30");
        await Screen(lines => Has(lines, "silos ", "store ", "q leaves") && lines.Any(line => line.Length > 50));

        await Tmux("send-keys", "-t", "s", "q");
        await Screen(lines => Has(lines, "left; run seen goes on", "left with 130") && lines.Contains("icanon echo"));
        Assert.Equal("1", (await Tmux("display-message", "-p", "-t", "s", "#{cursor_flag}")).Trim());

        await Tmux("send-keys", "-t", "s", "Enter");
        await Tmux("clear-history", "-t", "s");
        await Screen(lines => lines.Count(line => line.StartsWith("left with 130", StringComparison.Ordinal)) == 1
            && Array.FindLastIndex(lines, line => line.Contains("q leaves", StringComparison.Ordinal)) > Array.FindLastIndex(
                lines, line => line.StartsWith("left with", StringComparison.Ordinal)));
        await Tmux("send-keys", "-t", "s", "C-c");
        await Screen(lines => lines.Count(line => line.StartsWith("left with 130", StringComparison.Ordinal)) == 2);
        Assert.Equal("1", (await Tmux("display-message", "-p", "-t", "s", "#{cursor_flag}")).Trim());
        // The run has not noticed.
        Assert.Equal("stopped", (string?)(await cluster.Done("run", "stop", "seen", "--json")).Json["event"]);
    }

    private static bool HasTmux() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "tmux")));

    private static bool Has(string[] lines, params string[] words) =>
        words.All(word => lines.Any(line => line.Contains(word, StringComparison.Ordinal)));

    private static int VersionOf(string[] lines) => lines.Select(line => VersionLine().Match(line)).Where(match => match.Success)
        .Select(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty(-1)
            .Max();

    [GeneratedRegex(@"^version +(\d+) of 4,000")]
    private static partial Regex VersionLine();

    /// <summary>Waits for a screen.</summary>
    private async Task<string[]> Screen(Func<string[], bool> wanted)
    {
        string[] lines = [];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!patience.IsCancellationRequested)
        {
            lines = [.. (await Tmux("capture-pane", "-p", "-t", "s")).TrimEnd('\n').Split('\n').Select(line => line.TrimEnd())];
            if (wanted(lines))
            {
                return lines;
            }

            await Task.Delay(100, CancellationToken.None);
        }

        Assert.Fail("the screen did not come: \n" + string.Join('\n', lines));
        return lines;
    }

    private async Task<string> Tmux(params string[] arguments)
    {
        var start = new ProcessStartInfo("tmux") { RedirectStandardOutput = true, RedirectStandardError = true };
        // Its own server and its own terminal, whatever this process was started in.
        start.Environment.Remove("TMUX");
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["BGPO_HOME"] = ProjectFolder.Find();
        foreach (string argument in (string[])["-u", "-L", _socket, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process tmux = Process.Start(start)!;
        Task<string> error = tmux.StandardError.ReadToEndAsync();
        string said = await tmux.StandardOutput.ReadToEndAsync();
        await tmux.WaitForExitAsync();
        Assert.True(tmux.ExitCode == 0 || arguments[0] == "kill-server", $"tmux {string.Join(' ', arguments)}: {await error}");
        return said;
    }
}
