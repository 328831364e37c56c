namespace Bgpo.Client.Watching;

/// <summary>One line on a terminal's stderr that says how far a command has come. Elsewhere it says nothing.</summary>
/// <param name="terminal">Where to.</param>
internal sealed class StatusLine(Terminal terminal) : IDisposable
{
    private bool _shown;

    /// <summary>Replaces the line.</summary>
    internal void Show(string text)
    {
        if (!terminal.IsErrorInteractive)
        {
            return;
        }

        _shown = true;
        var width = Math.Max(20, terminal.Size().Width - 1);
        terminal.Error.Write("\r" + (text.Length <= width ? text : text[..width]) + "\e[K");
    }

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (_shown)
        {
            terminal.Error.Write("\r\e[K");
        }
    }
}
