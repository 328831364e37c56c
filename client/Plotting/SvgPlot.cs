using System.Globalization;
using System.Security;
using System.Text;

namespace Bgpo.Client.Plotting;

/// <summary>Draws curves as one SVG picture, a panel each, below one another.</summary>
internal static class SvgPlot
{
    private const int Width = 720;
    private const int PanelHeight = 216;
    private const int Left = 70;
    private const int Right = 20;
    private const int Top = 30;
    private const int Bottom = 46;
    private const int MostMarks = 50;
    private const int Ticks = 4;

    /// <summary>The picture's text.</summary>
    internal static string Draw(string title, IReadOnlyList<Curve> curves)
    {
        var height = 30 + curves.Count * PanelHeight;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" " +
                $"font-family=\"sans-serif\" font-size=\"11\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{height}\" fill=\"white\"/>\n");
        svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{Left}\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{SecurityElement.Escape(title)}</text>\n");
        for (var i = 0; i < curves.Count; i++)
        {
            Panel(svg, curves[i], 30 + i * PanelHeight);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder svg, Curve curve, int top)
    {
        var (low, high) = curve.Range;
        var (first, last) = (curve.X[0], curve.X[^1] > curve.X[0] ? curve.X[^1] : curve.X[0] + 1);
        double X(double x) => Left + (x - first) / (last - first) * (Width - Left - Right);
        double Y(double y) => top + PanelHeight - Bottom - (y - low) / (high - low) * (PanelHeight - Top - Bottom);
        svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{Left}\" y=\"{top + 18}\">{SecurityElement.Escape(curve.Title)}</text>\n");
        for (var tick = 0; tick <= Ticks; tick++)
        {
            var (y, x) = (low + (high - low) * tick / Ticks, Math.Round(first + (last - first) * tick / Ticks));
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):0.#}\" y2=\"{Y(y):0.#}\" stroke=\"#ddd\"/>");
            svg.Append(CultureInfo.InvariantCulture,
                $"<text x=\"{Left - 6}\" y=\"{Y(y) + 4:0.#}\" text-anchor=\"end\">{y:0.####}</text>");
            svg.Append(CultureInfo.InvariantCulture,
                $"<text x=\"{X(x):0.#}\" y=\"{top + PanelHeight - Bottom + 16}\" text-anchor=\"middle\">{x:0}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{top + PanelHeight - Bottom + 32}\" text-anchor=\"middle\" " +
                $"fill=\"#666\">version</text>\n");

        // A value that is not finite ends the line; the next one begins another. One between two such is a dot.
        var isOpen = false;
        var path = new StringBuilder();
        for (var i = 0; i < curve.Y.Count; i++)
        {
            if (double.IsFinite(curve.Y[i]))
            {
                path.Append(CultureInfo.InvariantCulture,
                    $"{(isOpen ? 'L' : 'M')}{X(curve.X[i]):0.#} {Y(curve.Y[i]):0.#}{(isOpen || IsFinite(i + 1) ? "" : "h0")}");
            }

            isOpen = double.IsFinite(curve.Y[i]);
        }

        svg.Append(CultureInfo.InvariantCulture,
            $"<path d=\"{path}\" fill=\"none\" stroke=\"#1f6fb4\" stroke-width=\"1.5\" stroke-linecap=\"round\"/>\n");
        for (var i = 0; i < curve.Y.Count && curve.Y.Count <= MostMarks; i++)
        {
            if (double.IsFinite(curve.Y[i]))
            {
                svg.Append(CultureInfo.InvariantCulture,
                    $"<circle cx=\"{X(curve.X[i]):0.#}\" cy=\"{Y(curve.Y[i]):0.#}\" r=\"2.5\" fill=\"#1f6fb4\"/>\n");
            }
        }

        bool IsFinite(int i) => i < curve.Y.Count && double.IsFinite(curve.Y[i]);
    }
}
