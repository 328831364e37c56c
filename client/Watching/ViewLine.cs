using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bgpo.Client.Watching;

/// <summary>One line of the live view: styled pieces, cut at the view's width so that it never wraps.</summary>
/// <param name="width">Columns.</param>
internal sealed class ViewLine(int width) : IRenderable
{
    internal static readonly Style Dim = new(Color.Grey);
    internal static readonly Style Strong = new(decoration: Decoration.Bold);
    internal static readonly Style Good = new(Color.Green);
    internal static readonly Style Warning = new(Color.Yellow);

    private readonly List<Segment> _pieces = [];
    private int _left = width;

    /// <summary>Adds text; what does not fit is cut, with an ellipsis in place of the last column.</summary>
    internal ViewLine Add(string text, Style? style = null)
    {
        // Spectre counts columns, and line breaks would end the line.
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        var cells = new Segment(line).CellCount();
        if (cells > _left)
        {
            line = _left > 0 ? Cut(line, _left - 1) + "…" : "";
        }

        if (line.Length > 0)
        {
            _pieces.Add(new Segment(line, style ?? Style.Plain));
        }

        _left = Math.Max(0, _left - cells);
        return this;
    }

    /// <summary>Adds a row's name in a column of its own.</summary>
    internal ViewLine Label(string text, int columns) => Add(text.PadRight(columns), Dim);

    /// <summary>Adds a value and what it was before, coloured by whether it rose.</summary>
    internal ViewLine Change(double before, double after) =>
        Add($"{Format.Share(before)}→").Add(Format.Share(after), after > before ? Good : after < before ? Warning : null);

    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => [.. _pieces, Segment.LineBreak];

    private static string Cut(string text, int cells)
    {
        while (text.Length > 0 && new Segment(text).CellCount() > cells)
        {
            text = text[..^1];
        }

        return text;
    }
}
