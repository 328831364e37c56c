using System.Text;

namespace Bgpo.Tasks.External;

/// <summary>A program and its arguments, written in one line.</summary>
internal static class CommandLine
{
    /// <summary>The words of a line: spaces part them, single or double quotes keep them together.</summary>
    /// <param name="line">The line.</param>
    public static string[] Split(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        char quote = '\0';
        bool isWord = false;
        foreach (char c in line)
        {
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    isWord = false;
                }
                continue;
            }
            isWord = true;
            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '\'' or '"')
            {
                quote = c;
            }
            else
            {
                word.Append(c);
            }
        }
        return isWord ? [.. words, word.ToString()] : [.. words];
    }

    /// <summary>Where a program is; null where it is not.</summary>
    /// <param name="program">Its name, looked up in PATH, or a path with a slash.</param>
    /// <param name="folder">What a path is relative to.</param>
    public static string? Find(string program, string folder)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            string path = Path.GetFullPath(program, folder);
            return File.Exists(path) ? path : null;
        }
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => Path.Combine(one, program)).FirstOrDefault(File.Exists);
    }
}
