namespace Bgpo.Client.Tests;

/// <summary>
/// The help of every command, word for word, in the folder Help. After a change on purpose:
/// BGPO_WRITE_HELP=1 ./bgpo test Bgpo.Client.Tests writes the new texts.
/// </summary>
public sealed class HelpTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public static TheoryData<string> Commands => new(
        "", "train", "pretrain", "eval", "generate", "model", "model inspect", "model make", "silo", "run", "run start",
        "run list", "run status", "run watch", "run pause", "run resume", "run stop", "run checkpoint", "run set",
        "run samples", "run compare", "run plot", "run logs", "run delete", "silo drain", "cluster", "cluster status",
        "cluster silos", "cluster stop", "chaos", "verify", "verify elastic", "doctor", "completion",
        "runs", "dashboard", "checkpoints", "checkpoints verify", "checkpoints prune", "export", "journal", "azurite",
        "bench", "bench memory", "bench store", "bench wire", "bench scaling", "bench overhead", "bench model", "run metrics");

    public void Dispose() => _console.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_SaysWhatItSaid(string command)
    {
        // What there is on this machine is no part of it.
        Directory.CreateDirectory(Path.Combine(_console.Store, "sudoku-20260801-120000"));
        Assert.Equal(0, await _console.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]));
        // The parser names the process in the usage line of its root.
        string help = string.Join('\n', _console.Out.ToString().TrimEnd().Split('\n').Select(line => line.TrimEnd())) + "\n";
        string file = Path.Combine(
            ProjectFolder.Find(), "tests", "Bgpo.Client.Tests", "Help",
            (command.Length == 0 ? "bgpo" : command.Replace(' ', '-')) + ".txt");
        if (Environment.GetEnvironmentVariable("BGPO_WRITE_HELP") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, help);
        }

        Assert.Equal(File.ReadAllText(file), help);
    }
}
