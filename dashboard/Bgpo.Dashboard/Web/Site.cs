using System.Collections.Frozen;
using System.Reflection;

namespace Bgpo.Dashboard.Web;

/// <summary>The page's own files, which are part of this assembly.</summary>
internal static class Site
{
    private const string Prefix = "site/";

    private static readonly FrozenDictionary<string, (string Type, byte[] Content)> s_files = Read();

    /// <summary>Whether the charting library was there when this was built.</summary>
    internal static bool HasCharts => s_files.ContainsKey("uplot.js");

    /// <summary>Bytes of all files.</summary>
    internal static long Size => s_files.Values.Sum(file => file.Content.LongLength);

    /// <summary>Finds a file.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its media type and content; null where there is none.</returns>
    internal static (string Type, byte[] Content)? Find(string name) =>
        s_files.TryGetValue(name, out (string, byte[]) file) ? file : null;

    private static FrozenDictionary<string, (string, byte[])> Read()
    {
        Assembly assembly = typeof(Site).Assembly;
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToFrozenDictionary(name => name[Prefix.Length..], name =>
            {
                using Stream stream = assembly.GetManifestResourceStream(name)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                return (TypeOf(Path.GetExtension(name)), content);
            });
    }

    private static string TypeOf(string extension) => extension switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
