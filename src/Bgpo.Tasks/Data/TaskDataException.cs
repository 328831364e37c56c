namespace Bgpo.Tasks.Data;

/// <summary>A data file that cannot be used: it cannot be read, is empty, or has a bad line.</summary>
public sealed class TaskDataException : Exception
{
    private const int ShownCharacters = 80;

    /// <summary>A file that is unusable as a whole.</summary>
    /// <param name="file">The file.</param>
    /// <param name="problem">What is wrong and what to do, as a sentence.</param>
    /// <param name="inner">What reading the file threw, if anything.</param>
    public TaskDataException(string file, string problem, Exception? inner = null)
        : base($"{file}: {problem}", inner)
    {
        File = file;
    }

    /// <summary>A bad line.</summary>
    /// <param name="file">The file.</param>
    /// <param name="line">The line's number, from 1.</param>
    /// <param name="content">The line as it stands; the message shows its first 80 characters.</param>
    /// <param name="expected">What should stand there.</param>
    public TaskDataException(string file, int line, string content, string expected)
        : base($"{file}, line {line}: found '{Shown(content)}', expected {expected}.")
    {
        File = file;
        Line = line;
    }

    /// <summary>A bad record.</summary>
    /// <param name="file">The file.</param>
    /// <param name="unit">What its records are counted by: line, row or item.</param>
    /// <param name="number">The record's number, from 1.</param>
    /// <param name="problem">What is wrong and what to do, as a sentence.</param>
    /// <param name="inner">What reading it threw, if anything.</param>
    public TaskDataException(string file, string unit, int number, string problem, Exception? inner = null)
        : base($"{file}, {unit} {number}: {problem}", inner)
    {
        File = file;
        Line = number;
    }

    /// <summary>The file as the spec names it.</summary>
    public string File { get; }

    /// <summary>The bad line's, row's or item's number, from 1; 0 where the file as a whole is the matter.</summary>
    public int Line { get; }

    /// <summary>The first characters of a text, what cannot be printed escaped.</summary>
    /// <param name="content">The text.</param>
    internal static string Shown(string content)
    {
        string head = content.Length > ShownCharacters ? content[..ShownCharacters] + "..." : content;
        return string.Concat(head.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
