using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Files from outside that the run depends on, of which it keeps copies, each named by its content.</content>
public sealed partial class RunStore
{
    /// <summary>Largest file that a copy is kept of, bytes.</summary>
    public const int LargestCopy = 64 << 20;

    /// <summary>SHA-256 of a text as UTF-8, 64 lower-case hexadecimal digits.</summary>
    /// <param name="text">The text.</param>
    public static string HashOf(string text) => Sha256Text.Of(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Keeps a copy of a file, unless it is larger than <see cref="LargestCopy"/>.</summary>
    /// <param name="path">Where it is; null: nowhere that it could be read again.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the copy is durable.</param>
    /// <returns>What the run's record says of it.</returns>
    public async Task<RunFile> KeepFileAsync(
        string? path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string hash = Sha256Text.Of(content.Span);
        bool isKept = content.Length <= LargestCopy;
        string name = FileNameOf(hash);
        // A bad copy, as of a start that was cut short, is replaced.
        if (isKept && await Blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false) is null
            && !await HoldsAsync(name, content, cancellationToken).ConfigureAwait(false))
        {
            _ = await Blobs.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        return new RunFile(hash, content.Length, isKept, path);
    }

    /// <summary>Reads the run's copy of a file.</summary>
    /// <param name="file">What the run's record says of it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlobException">It is missing, cut or altered.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadFileAsync(RunFile file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        string name = FileNameOf(file.Sha256);
        if (file.Bytes is < 0 or > LargestCopy)
        {
            throw new CorruptBlobException(RecordName, $"tells of a copy of {file.Bytes} bytes; expected at most {LargestCopy}");
        }
        var content = new byte[file.Bytes + 1];
        int read = await Blobs.ReadRangeAsync(name, 0, content, cancellationToken).ConfigureAwait(false)
            ?? throw new CorruptBlobException(name, "is missing");
        return read == file.Bytes && Sha256Text.Of(content.AsSpan(0, read)) == file.Sha256
            ? content.AsMemory(0, read)
            : throw new CorruptBlobException(name, "is truncated or altered: its bytes do not make its name");
    }

    private string FileNameOf(string hash) => $"{RunId}/files/{hash}";
}
