using Microsoft.Win32.SafeHandles;

namespace Bgpo.Storage.Blobs.Local;

/// <summary>Reads files that may be replaced or deleted meanwhile; one that is not there is null.</summary>
internal static class FileContent
{
    internal static byte[]? Read(string path)
    {
        try
        {
            using SafeFileHandle file = OpenToRead(path);
            var content = new byte[RandomAccess.GetLength(file)];
            int read = ReadFully(file, 0, content);
            return read == content.Length ? content : content[..read];
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    internal static int? ReadRange(string path, long offset, Span<byte> destination)
    {
        try
        {
            using SafeFileHandle file = OpenToRead(path);
            return ReadFully(file, offset, destination);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static SafeFileHandle OpenToRead(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static int ReadFully(SafeFileHandle file, long offset, Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(file, destination[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }
        return total;
    }
}
