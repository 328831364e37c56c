using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Bgpo.Spec;

/// <summary>A YAML value and the line on which it begins.</summary>
internal abstract record SpecNode(int Line)
{
    /// <summary>Deeper nesting than this is a mistake (and would be a way to exhaust the stack).</summary>
    private const int MaxDepth = 32;

    /// <summary>Reads one YAML document.</summary>
    /// <returns>The root; null when the text holds nothing but comments.</returns>
    /// <exception cref="SpecException">The text is not YAML; the message says where and why.</exception>
    internal static SpecNode? Parse(string yaml, string file)
    {
        try
        {
            var composer = new Composer(file, new Parser(new StringReader(yaml)));
            return composer.Document();
        }
        catch (YamlException e)
        {
            var tab = TabbedLine(yaml);
            throw tab > 0
                ? new SpecException($"{file}:{tab}: not valid YAML: a tab in the indentation; use spaces", e)
                : new SpecException($"{file}:{e.Start.Line}: not valid YAML: {OneLine(e.Message)}", e);
        }
    }

    /// <summary>
    /// The first line with a tab in its indentation, which the parser blames on other lines; 0 when there is none.
    /// </summary>
    private static int TabbedLine(string yaml)
    {
        var lines = yaml.Split('\n');
        return 1 + Array.FindIndex(
            lines, line => line.AsSpan(0, line.Length - line.AsSpan().TrimStart(" \t").Length).Contains('\t'));
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    /// <summary>A single value.</summary>
    /// <param name="Line">Where it begins.</param>
    /// <param name="Text">The value without quotes.</param>
    /// <param name="Quoted">Whether it was quoted, so that it can only be text.</param>
    internal sealed record Scalar(int Line, string Text, bool Quoted) : SpecNode(Line)
    {
        /// <summary>Whether nothing was given: <c>field:</c>, <c>~</c> or <c>null</c>.</summary>
        internal bool IsNull => !Quoted && Text is "" or "~" or "null" or "Null" or "NULL";
    }

    /// <summary>A mapping, in the order of the file.</summary>
    internal sealed record Map(int Line, IReadOnlyList<(string Key, int Line, SpecNode Value)> Entries) : SpecNode(Line);

    /// <summary>A sequence.</summary>
    internal sealed record Sequence(int Line, IReadOnlyList<SpecNode> Items) : SpecNode(Line);

    /// <summary>Makes nodes of the parser's events. An alias stands for the very node that its anchor names.</summary>
    private sealed class Composer(string file, IParser parser)
    {
        private readonly Dictionary<string, SpecNode> _anchors = [];

        internal SpecNode? Document()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
            {
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = Node(0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
            {
                throw new SpecException($"{file}:{second.Start.Line}: a second document starts here; a spec is one document");
            }

            return root;
        }

        private SpecNode Node(int depth)
        {
            var line = (int)(parser.Current?.Start.Line ?? 0);
            if (depth > MaxDepth)
            {
                throw new SpecException($"{file}:{line}: nested deeper than {MaxDepth} levels");
            }

            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                return _anchors.TryGetValue(alias.Value.Value, out var target)
                    ? target
                    : throw new SpecException(
                        $"{file}:{line}: alias '*{alias.Value.Value}' names no anchor that comes before it");
            }

            var anchor = parser.Current is NodeEvent { Anchor.IsEmpty: false } named ? named.Anchor.Value : null;
            SpecNode node = parser.Current switch
            {
                MappingStart => Mapping(line, depth),
                SequenceStart => Items(line, depth),
                _ => Value(line),
            };
            if (anchor is not null)
            {
                _anchors[anchor] = node;
            }

            return node;
        }

        private Scalar Value(int line)
        {
            var scalar = parser.Consume<YamlDotNet.Core.Events.Scalar>();
            return new Scalar(line, scalar.Value, scalar.Style != ScalarStyle.Plain);
        }

        private Map Mapping(int line, int depth)
        {
            parser.Consume<MappingStart>();
            var entries = new List<(string, int, SpecNode)>();
            var seen = new Dictionary<string, int>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var keyLine = (int)(parser.Current?.Start.Line ?? 0);
                if (Node(depth + 1) is not Scalar key)
                {
                    throw new SpecException($"{file}:{keyLine}: a field's name must be a plain word, not a list or a section");
                }

                if (!seen.TryAdd(key.Text, keyLine))
                {
                    throw new SpecException(
                        $"{file}:{keyLine}: field {key.Text}: given twice (first in line {seen[key.Text]}); keep one");
                }

                entries.Add((key.Text, keyLine, Node(depth + 1)));
            }

            return new Map(line, entries);
        }

        private Sequence Items(int line, int depth)
        {
            parser.Consume<SequenceStart>();
            var items = new List<SpecNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(Node(depth + 1));
            }

            return new Sequence(line, items);
        }
    }
}
