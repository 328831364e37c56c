using System.Collections;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Bgpo.Spec;

/// <summary>Writes a spec as canonical YAML: every field, in the records' order. It loads back to an equal spec.</summary>
public static partial class SpecWriter
{
    /// <summary>The text of a spec; equal specs give equal texts.</summary>
    /// <param name="spec">A <see cref="RunSpec"/> or <see cref="PretrainSpec"/>.</param>
    public static string Write(object spec)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithBestWidth(int.MaxValue));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Section(emitter, spec);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Section(Emitter emitter, object section)
    {
        emitter.Emit(new MappingStart());
        foreach (var (name, property) in SpecSchema.Fields(section.GetType()))
        {
            emitter.Emit(new Scalar(name));
            Value(emitter, property.GetValue(section)!);
        }

        emitter.Emit(new MappingEnd());
    }

    private static void Value(Emitter emitter, object value)
    {
        if (value is not string && value is IEnumerable items)
        {
            emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, SequenceStyle.Block));
            foreach (var item in items)
            {
                Value(emitter, item!);
            }

            emitter.Emit(new SequenceEnd());
        }
        else if (SpecSchema.IsSection(value.GetType()))
        {
            Section(emitter, value);
        }
        else
        {
            var text = SpecSchema.Scalar(value);
            var style = value is string && !PlainText().IsMatch(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Plain;
            emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true));
        }
    }

    /// <summary>Words and paths that no YAML reader takes for a number, a truth value or nothing.</summary>
    [GeneratedRegex(@"\A(?!(?:null|true|false|yes|no|on|off|y|n)\z)[A-Za-z][A-Za-z0-9_./-]*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PlainText();
}
