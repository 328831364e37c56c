using System.Collections.Concurrent;
using System.Text;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>The Python texts of this assembly.</summary>
internal static class PythonSource
{
    private static readonly ConcurrentDictionary<string, string> s_read = new(StringComparer.Ordinal);

    /// <summary>A text by its file's name.</summary>
    /// <param name="name">Name with extension; every name is there once in the assembly.</param>
    public static string Read(string name) => s_read.GetOrAdd(name, static name =>
    {
        using Stream stream = typeof(PythonSource).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"There is no text {name}.", nameof(name));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    });
}
