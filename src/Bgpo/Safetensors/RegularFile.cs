using System.Runtime.InteropServices;

namespace Bgpo.Safetensors;

/// <summary>Opens files of models: nothing that waits for a writer or has no end, such as a pipe or a device.</summary>
public static partial class RegularFile
{
    private const int AtWorkingFolder = -100;
    private const uint TypeOfFile = 1;
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>Opens a file to be read; links are followed.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="IOException">It is missing, or is a pipe, a device or a folder.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream Open(string path) => IsAnother(path)
        ? throw new IOException("it is not a regular file.")
        : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <exception cref="IOException">It is missing, too long, or no regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, int limit)
    {
        using FileStream stream = Open(path);
        if (stream.Length > limit)
        {
            throw new IOException($"it has {stream.Length} bytes; expected at most {limit}.");
        }
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static bool IsAnother(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }
        // struct statx of linux/stat.h: 256 bytes, stx_mode at 28. What cannot be looked at cannot be opened either, which says
        // why.
        Span<byte> about = stackalloc byte[256];
        return Statx(AtWorkingFolder, path, 0, TypeOfFile, ref MemoryMarshal.GetReference(about)) == 0
            && (BitConverter.ToUInt16(about[28..]) & TypeMask) != Regular;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte about);
}
