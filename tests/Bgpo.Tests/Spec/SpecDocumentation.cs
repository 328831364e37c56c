using System.Reflection;
using System.Text;
using System.Xml.Linq;
using Bgpo.Spec;

namespace Bgpo.Tests.Spec;

/// <summary>The docs' tables of fields, made from the records: their XML docs, defaults and limits.</summary>
internal static class SpecDocumentation
{
    internal static string Root { get; } = FindRoot();

    /// <summary>The pages that have such tables, each with the records that it must have all of.</summary>
    internal static IReadOnlyDictionary<string, Type[]> Pages { get; } = new Dictionary<string, Type[]>
    {
        ["docs/run-spec.md"] = [typeof(RunSpec), typeof(PretrainSpec)],
        ["docs/clusters.md"] = [typeof(ClusterSpec)],
    };

    /// <summary>
    /// Replaces what stands between <c>&lt;!-- fields of X --&gt;</c> and <c>&lt;!-- end --&gt;</c> by X's tables.
    /// </summary>
    internal static string Filled(string page, IEnumerable<Type> types)
    {
        foreach (var type in types)
        {
            var begin = $"<!-- fields of {type.Name} -->\n";
            var from = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
            var to = page.IndexOf("<!-- end -->", from, StringComparison.Ordinal);
            page = page[..from] + Tables(type) + page[to..];
        }

        return page;
    }

    private static string Tables(Type root)
    {
        var docs = XDocument.Load(Path.ChangeExtension(typeof(RunSpec).Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary")!);
        var text = new StringBuilder();
        Table(text, docs, root, "");
        return text.ToString();
    }

    private static void Table(StringBuilder text, Dictionary<string, XElement> docs, Type section, string path)
    {
        // The items of a list say what they have beside the fields of the record that they are made from.
        var fields = SpecSchema.Fields(section)
            .Where(f => !path.EndsWith(".N", StringComparison.Ordinal) || f.Property.DeclaringType == section).ToArray();
        var plain = fields.Where(f => !IsNested(f.Property)).ToArray();
        var defaults = Activator.CreateInstance(section)!;
        if (path.Length > 0)
        {
            text.Append($"\n### {path}\n\n{Words(docs["T:" + section.FullName])}\n");
        }

        if (plain.Length > 0)
        {
            text.Append("\n| field | takes | default | meaning |\n|---|---|---|---|\n");
        }

        foreach (var (name, property) in plain)
        {
            var value = SpecSchema.Scalar(property.GetValue(defaults)!);
            var required = property.IsDefined(typeof(RequiredAttribute));
            text.Append($"| `{name}` | {SpecSchema.Allowed(property)} | " +
                $"{(required ? "required" : value.Length == 0 ? "empty" : $"`{value}`")} | ")
                .Append($"{Words(docs[$"P:{property.DeclaringType!.FullName}.{property.Name}"])} |\n");
        }

        foreach (var (name, property) in fields.Where(f => IsNested(f.Property)))
        {
            var inner = SpecSchema.ItemType(property.PropertyType);
            Table(text, docs, inner ?? property.PropertyType,
                path + (path.Length > 0 ? "." : "") + name + (inner is null ? "" : ".N"));
        }
    }

    private static bool IsNested(PropertyInfo property) =>
        SpecSchema.IsSection(SpecSchema.ItemType(property.PropertyType) ?? property.PropertyType);

    private static string Words(XElement summary) => string.Join(' ', string.Concat(summary.Nodes().Select(n => n switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XText plain => plain.Value,
        _ => n.ToString(),
    })).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
