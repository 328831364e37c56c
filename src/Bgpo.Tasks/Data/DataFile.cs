using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Tasks.Data;

/// <summary>
/// A data file of a task, known by the hash of its bytes and read where it lies: only what is packed, UTF-16, Parquet or from a
/// pipe is unpacked, once, to a temporary file. UTF-8, or UTF-16 with a byte order mark; as it is or packed by gzip.
/// </summary>
public sealed class DataFile : IDisposable
{
    /// <summary>Largest file that is read as one text, bytes: its problems are held in memory.</summary>
    public const int LargestText = 1 << 30;

    private const int Chunk = 1 << 17;

    private readonly FileStream _raw;
    private readonly Lazy<Unpacked> _plain;
    private readonly Lazy<RecordIndex> _records;
    private readonly DateTime _written;

    private DataFile(string path, FileStream raw, bool isStream)
    {
        (Path, _raw, IsStream) = (path, raw, isStream);
        (Sha256, Bytes) = Hash(raw.SafeFileHandle);
        _written = Written();
        _plain = new Lazy<Unpacked>(() => Unpacked.Of(path, raw));
        _records = new Lazy<RecordIndex>(() => new RecordIndex(this, _plain.Value));
    }

    /// <summary>The file as the spec names it.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of its bytes as they are, 64 lower-case hexadecimal digits.</summary>
    public string Sha256 { get; }

    /// <summary>How many bytes they are.</summary>
    public long Bytes { get; }

    /// <summary>Whether its bytes came from a pipe or the like, and cannot be read there again.</summary>
    public bool IsStream { get; }

    /// <summary>Its records, indexed when first asked for.</summary>
    /// <exception cref="TaskDataException">The file is damaged.</exception>
    internal RecordIndex Records => _records.Value;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path, or that of a pipe.</param>
    /// <exception cref="TaskDataException">It cannot be read.</exception>
    public static DataFile Read(string path)
    {
        FileStream? file = null;
        try
        {
            file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.CanSeek)
            {
                return new DataFile(path, file, isStream: false);
            }
            using FileStream pipe = file;
            return new DataFile(path, TemporaryContent.Write(path, to => pipe.CopyTo(to, Chunk)), isStream: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            file?.Dispose();
            throw new TaskDataException(
                path, $"the task's data cannot be read: {e.Message} Correct the path in the spec, or leave it empty.", e);
        }
    }

    /// <summary>A file whose bytes are known.</summary>
    /// <param name="path">The name to blame in errors.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="isStream">Whether they came from a pipe or the like.</param>
    /// <exception cref="TaskDataException">The temporary folder takes no more.</exception>
    public static DataFile Of(string path, ReadOnlyMemory<byte> content, bool isStream = false) =>
        new(path, TemporaryContent.Write(path, to => to.Write(content.Span)), isStream);

    /// <summary>All of its bytes as they are.</summary>
    /// <exception cref="TaskDataException">It changed since it was opened.</exception>
    public byte[] Content()
    {
        var content = new byte[Bytes];
        using var stream = new HandleStream(_raw.SafeFileHandle);
        stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        CheckUnchanged();
        return content;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_plain.IsValueCreated)
        {
            _plain.Value.File.Dispose();
        }
        _raw.Dispose();
    }

    /// <summary>Refuses to go on with a file that is being written to: its records are not where they were.</summary>
    /// <exception cref="TaskDataException">It changed since it was opened.</exception>
    internal void CheckUnchanged()
    {
        if (RandomAccess.GetLength(_raw.SafeFileHandle) != Bytes || Written() != _written)
        {
            throw new TaskDataException(Path, "the file was changed while it is in use; leave it as it was and begin again.");
        }
    }

    /// <summary>The error for a file without a single problem.</summary>
    /// <param name="file">The file.</param>
    /// <param name="format">What one problem looks like.</param>
    internal static TaskDataException Empty(string file, string format) =>
        new(
            file, $"the file holds no problem; give at least one line such as {format}, or leave the spec's evaluation data " +
                "empty.");

    /// <summary>The problems of the file, read as one text.</summary>
    /// <param name="parse">The format's parser: takes the text and the name to blame in errors.</param>
    /// <exception cref="TaskDataException">The parser refuses it, or it is packed and damaged, or too large.</exception>
    internal IReadOnlyList<Prompt> Parse(Func<TextReader, string, IReadOnlyList<Prompt>> parse)
    {
        SafeFileHandle plain = _plain.Value.File.SafeFileHandle;
        if (RandomAccess.GetLength(plain) > LargestText)
        {
            throw new TaskDataException(Path, $"the file has more than {LargestText >> 20} MiB; give a smaller one.");
        }
        using StreamReader reader = new(new HandleStream(plain), Encoding.UTF8);
        return parse(reader, Path);
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

    private DateTime Written() => File.GetLastWriteTimeUtc(_raw.SafeFileHandle);

    private static (string Sha256, long Bytes) Hash(SafeFileHandle file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[Chunk];
        long bytes = 0;
        for (int read; (read = RandomAccess.Read(file, chunk, bytes)) > 0; bytes += read)
        {
            hash.AppendData(chunk, 0, read);
        }
        return (Convert.ToHexStringLower(hash.GetCurrentHash()), bytes);
    }
}
