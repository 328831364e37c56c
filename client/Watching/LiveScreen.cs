using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bgpo.Client.Watching;

/// <summary>
/// Paints frames in place, below what the terminal shows already. A frame is one write that overwrites lines and clears
/// only what is left over, so nothing flickers; the last frame stays when the screen closes.
/// </summary>
internal sealed class LiveScreen : IDisposable
{
    /// <summary>Shows the cursor again.</summary>
    internal const string ShowCursor = "\e[?25h";
    private const string HideCursor = "\e[?25l";
    private const string ClearLine = "\e[K";
    private const string ClearBelow = "\e[J";

    private readonly Terminal _terminal;
    private readonly StringWriter _buffer = new() { NewLine = "\n" };
    private readonly IAnsiConsole _console;
    private (int Width, int Height) _size;
    private int _lines;
    private bool _closed;

    /// <param name="terminal">Where to paint.</param>
    internal LiveScreen(Terminal terminal)
    {
        _terminal = terminal;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = terminal.HasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(_buffer),
        });
        _size = terminal.Size();
        terminal.Out.Write(HideCursor);
    }

    /// <summary>Columns to render for. One is left free: a full line would make some terminals wrap.</summary>
    internal int Width => Math.Max(20, _terminal.Size().Width - 1);

    /// <summary>Replaces the last frame.</summary>
    internal void Paint(IRenderable frame)
    {
        if (_closed)
        {
            return;
        }

        var size = _terminal.Size();
        var text = new StringBuilder();
        if (size.Width != _size.Width)
        {
            text.Append("\e[H").Append(ClearBelow); // the terminal has re-wrapped the old frame: nobody knows where it begins
        }
        else if (_lines > 0)
        {
            text.Append($"\e[{_lines}A\r");
        }

        _size = size;

        var lines = Rendered(frame, size.Width);
        var room = Math.Max(1, size.Height - 1);
        if (lines.Length > room)
        {
            lines = [.. lines[..(room - 1)], lines[^1]]; // the last line says what the watcher may do
        }

        _lines = lines.Length;
        foreach (var line in lines)
        {
            text.Append(line).Append(ClearLine).Append('\n');
        }

        _terminal.Out.Write(text.Append(ClearBelow).ToString());
    }

    /// <summary>Leaves the last frame and gives the cursor back.</summary>
    public void Dispose()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        _terminal.Out.Write(ShowCursor);
        _buffer.Dispose();
    }

    private string[] Rendered(IRenderable frame, int width)
    {
        _console.Profile.Width = width;
        _buffer.GetStringBuilder().Clear();
        _console.Write(frame);
        return _buffer.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }
}
