using System.Text;

namespace Bgpo.Tasks.Data;

/// <summary>Opens evaluation data files; the parsers themselves only know a <see cref="TextReader"/>.</summary>
internal static class DataFile
{
    /// <summary>Parses the file, or returns null where the spec names none.</summary>
    /// <param name="path">The file, UTF-8; empty for none.</param>
    /// <param name="parse">The format's parser: takes the text and the name to blame in errors.</param>
    /// <exception cref="TaskDataException">The file cannot be opened or read, or the parser refuses it.</exception>
    public static IReadOnlyList<Prompt>? Read(string path, Func<TextReader, string, IReadOnlyList<Prompt>> parse)
    {
        if (path.Length == 0)
        {
            return null;
        }
        try
        {
            using StreamReader reader = new(path, Encoding.UTF8);
            return parse(reader, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TaskDataException(
                path, $"the task's evaluation data cannot be read: {e.Message} Correct the spec's evaluation data path, or leave it empty.", e);
        }
    }

    /// <summary>The error for a file without a single problem.</summary>
    /// <param name="file">The file.</param>
    /// <param name="format">What one problem looks like.</param>
    public static TaskDataException Empty(string file, string format) =>
        new(file, $"the file holds no problem; give at least one line such as {format}, or leave the spec's evaluation data empty.");
}
