namespace Bgpo.Tasks.Data;

/// <summary>
/// What a data file is unpacked to: a file in the system's temporary folder (TMPDIR) that has no name any more, so that it is
/// gone with the process, however that ends.
/// </summary>
internal static class TemporaryContent
{
    /// <summary>Writes such a file.</summary>
    /// <param name="path">The data file, for errors.</param>
    /// <param name="write">Writes the content.</param>
    /// <returns>The file, to be read; the caller disposes of it.</returns>
    /// <exception cref="TaskDataException">The temporary folder takes no more, or cannot be written.</exception>
    public static FileStream Write(string path, Action<Stream> write)
    {
        string folder = Path.GetTempPath();
        FileStream? file = null;
        try
        {
            string name = Path.Combine(folder, $"bgpo-data-{Guid.NewGuid():N}");
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Delete,
                BufferSize = 1 << 16,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            file = new FileStream(name, options);
            File.Delete(name);
            write(new Guarded(file));
            file.Flush();
            return file;
        }
        catch (WriteException e)
        {
            file?.Dispose();
            throw Cannot(path, folder, e.InnerException!);
        }
        catch (Exception e) when (file is null && e is IOException or UnauthorizedAccessException)
        {
            throw Cannot(path, folder, e);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    private static TaskDataException Cannot(string path, string folder, Exception e) => new(
        path, $"it cannot be unpacked to {folder}: {e.Message} Make room there, or set TMPDIR to another folder.", e);

    /// <summary>Tells a failure to write from one to read what is written.</summary>
    private sealed class Guarded(FileStream file) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Flush() => Try(file.Flush);

        public override void Write(byte[] buffer, int offset, int count) => Try(() => file.Write(buffer, offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                file.Write(buffer);
            }
            catch (IOException e)
            {
                throw new WriteException(e);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private static void Try(Action write)
        {
            try
            {
                write();
            }
            catch (IOException e)
            {
                throw new WriteException(e);
            }
        }
    }

    private sealed class WriteException(IOException inner) : Exception(inner.Message, inner);
}
