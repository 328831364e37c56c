using System.Globalization;
using System.Text.RegularExpressions;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Tests;

public partial class LivePresenterTests
{
    [Fact]
    public async Task LastFrame_ShowsTheEnd_AndTheCursorComesBack()
    {
        using var output = new StringWriter();
        var presenter = new LivePresenter(new Terminal(output, TextWriter.Null), TimeProvider.System);
        await using (presenter)
        {
            presenter.On(Events.Started);
            presenter.On(Events.Step(1));
            presenter.On(Events.Completed);
        }

        var screen = Screen(output.ToString());
        Assert.StartsWith("sudoku-1  sudoku4x4", screen[0], StringComparison.Ordinal);
        Assert.Contains("completed", screen[1], StringComparison.Ordinal);
        Assert.Single(screen, line => line.StartsWith("reward ", StringComparison.Ordinal));
        Assert.EndsWith(LiveScreen.ShowCursor, output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// What a terminal shows after these bytes: cursor up, carriage return, clear line and clear below are all that is used.
    /// </summary>
    private static List<string> Screen(string bytes)
    {
        var lines = new List<string> { "" };
        var row = 0;
        var fresh = true;
        foreach (Match match in Piece().Matches(bytes))
        {
            if (match.Groups["up"].Success)
            {
                row -= int.Parse(match.Groups["up"].Value, CultureInfo.InvariantCulture);
            }
            else if (match.Value == "\e[J")
            {
                lines.RemoveRange(row + 1, lines.Count - row - 1);
                lines[row] = "";
            }
            else if (match.Value == "\n")
            {
                if (++row == lines.Count)
                {
                    lines.Add("");
                }
            }
            else if (match.Value == "\e[K")
            {
                fresh = true;
            }
            else if (match.Groups["text"].Success)
            {
                lines[row] = (fresh ? "" : lines[row]) + match.Value;
                fresh = false;
            }
        }

        return lines;
    }

    [GeneratedRegex(@"\e\[(?<up>\d+)A|\e\[J|\e\[\??\d*[A-Za-z]|\r|\n|(?<text>[^\e\r\n]+)")]
    private static partial Regex Piece();
}
