using Bgpo.Client.Watching;
using Spectre.Console;

namespace Bgpo.Client.Tests;

public class LiveScreenTests
{
    private (int Width, int Height) _size = (80, 24);

    [Fact]
    public void Frames_OverwriteEachOther_WithoutClearingTheScreen()
    {
        using var output = new StringWriter();
        using (var screen = new LiveScreen(Terminal(output)))
        {
            screen.Paint(Lines("a", "b", "c"));
            screen.Paint(Lines("d", "e"));
        }

        Assert.Equal("\e[?25la\e[K\nb\e[K\nc\e[K\n\e[J\e[3A\rd\e[K\ne\e[K\n\e[J\e[?25h", output.ToString());
    }

    [Fact]
    public void FrameTallerThanTheTerminal_KeepsItsLastLine_AndTheNextOneFindsItsStart()
    {
        using var output = new StringWriter();
        _size = (80, 3);
        using (var screen = new LiveScreen(Terminal(output)))
        {
            screen.Paint(Lines("a", "b", "c", "d"));
            screen.Paint(Lines("e", "f", "g", "h"));
        }

        Assert.Equal("\e[?25la\e[K\nd\e[K\n\e[J\e[2A\re\e[K\nh\e[K\n\e[J\e[?25h", output.ToString());
    }

    [Fact]
    public void ResizedTerminal_IsPaintedFromItsTop()
    {
        using var output = new StringWriter();
        using (var screen = new LiveScreen(Terminal(output)))
        {
            screen.Paint(Lines("a"));
            _size = (60, 24);
            screen.Paint(Lines("b"));
            screen.Paint(Lines("c"));
        }

        Assert.Equal("\e[?25la\e[K\n\e[J\e[H\e[Jb\e[K\n\e[J\e[1A\rc\e[K\n\e[J\e[?25h", output.ToString());
    }

    [Fact]
    public void WithoutColor_OnlyTheCursorIsMoved()
    {
        using var output = new StringWriter();
        using (var screen = new LiveScreen(Terminal(output)))
        {
            screen.Paint(new Markup("[green]a[/]"));
        }

        Assert.Equal("\e[?25la\e[K\n\e[J\e[?25h", output.ToString());
    }

    [Fact]
    public void WithColor_ColorsAreUsed()
    {
        using var output = new StringWriter();
        using (var screen = new LiveScreen(Terminal(output) with { HasColor = true }))
        {
            screen.Paint(new Markup("[green]a[/]"));
        }

        Assert.Contains("\e[32ma\e[0m", output.ToString(), StringComparison.Ordinal);
    }

    private static Rows Lines(params string[] lines) => new(lines.Select(line => new Text(line)));

    private Terminal Terminal(StringWriter output) => new(output, TextWriter.Null) { Size = () => _size };
}
