using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Bgpo.Tasks.Data;

/// <summary>
/// A task's evaluation data file, read once: what follows from it follows from these bytes. UTF-8, or UTF-16 with a byte order
/// mark, as it is or packed by gzip.
/// </summary>
public sealed class EvaluationFile
{
    /// <summary>Largest file, bytes: its problems are held in memory.</summary>
    public const int LargestSize = 1 << 30;

    private const int Chunk = 1 << 16;

    /// <summary>A file whose bytes are known.</summary>
    /// <param name="path">The name to blame in errors.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="isStream">Whether they came from a pipe or the like.</param>
    public EvaluationFile(string path, ReadOnlyMemory<byte> content, bool isStream = false)
    {
        (Path, Content, IsStream) = (path, content, isStream);
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(content.Span));
    }

    /// <summary>The file as the spec names it.</summary>
    public string Path { get; }

    /// <summary>Its bytes.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>SHA-256 of its bytes, 64 lower-case hexadecimal digits.</summary>
    public string Sha256 { get; }

    /// <summary>Whether its bytes came from a pipe or the like, and cannot be read there again.</summary>
    public bool IsStream { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path, or that of a pipe; empty for none.</param>
    /// <returns>The file; null for none.</returns>
    /// <exception cref="TaskDataException">It cannot be read, or is too large.</exception>
    public static EvaluationFile? Read(string path)
    {
        if (path.Length == 0)
        {
            return null;
        }
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new EvaluationFile(path, ReadAll(file, path), isStream: !file.CanSeek);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TaskDataException(
                path,
                $"the task's evaluation data cannot be read: {e.Message} Correct the spec's evaluation data path, or leave it " +
                    "empty.", e);
        }
    }

    /// <summary>The error for a file without a single problem.</summary>
    /// <param name="file">The file.</param>
    /// <param name="format">What one problem looks like.</param>
    internal static TaskDataException Empty(string file, string format) =>
        new(
            file, $"the file holds no problem; give at least one line such as {format}, or leave the spec's evaluation data " +
                "empty.");

    /// <summary>The problems of the file.</summary>
    /// <param name="parse">The format's parser: takes the text and the name to blame in errors.</param>
    /// <exception cref="TaskDataException">The parser refuses it, or it is packed and damaged.</exception>
    internal IReadOnlyList<Prompt> Parse(Func<TextReader, string, IReadOnlyList<Prompt>> parse)
    {
        try
        {
            using var bytes = new MemoryStream(Content.ToArray(), writable: false);
            bool isPacked = Content.Span.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
            using Stream plain = isPacked ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
            using StreamReader reader = new(plain, Encoding.UTF8);
            return parse(reader, Path);
        }
        catch (InvalidDataException e)
        {
            throw new TaskDataException(Path, $"the file is packed by gzip and damaged: {e.Message}", e);
        }
    }

    /// <summary>The lines of a text but for blank ones at its end, each with its number from 1.</summary>
    /// <param name="reader">The text.</param>
    internal static IEnumerable<(int Number, string Line)> Lines(TextReader reader)
    {
        List<(int, string)> blank = [];
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                blank.Add((number, line));
                continue;
            }
            foreach ((int, string) before in blank)
            {
                yield return before;
            }
            blank.Clear();
            yield return (number, line);
        }
    }

    private static byte[] ReadAll(FileStream file, string path)
    {
        using var content = new MemoryStream();
        var chunk = new byte[Chunk];
        for (int read = file.Read(chunk); read > 0; read = file.Read(chunk))
        {
            content.Write(chunk, 0, read);
            if (content.Length > LargestSize)
            {
                throw new TaskDataException(path, $"the file has more than {LargestSize >> 20} MiB; give a smaller one.");
            }
        }
        return content.ToArray();
    }
}
