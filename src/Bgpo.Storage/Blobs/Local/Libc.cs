using System.Runtime.InteropServices;

namespace Bgpo.Storage.Blobs.Local;

/// <summary>The few system calls that .NET does not offer: atomic creation by link(2), and syncing a folder.</summary>
internal static partial class Libc
{
    private const int AtWorkingFolder = -100;
    private const uint InodeNumber = 0x100;

    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int NotAFolder = 20;
    public const int InvalidArgument = 22;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public static readonly int NameTooLong = OperatingSystem.IsMacOS() ? 63 : 36;
    public static readonly int WouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;
    public static readonly int NotSupported = OperatingSystem.IsMacOS() ? 45 : 95;
    public static readonly int QuotaExceeded = OperatingSystem.IsMacOS() ? 69 : 122;

    /// <summary>Gives a file a second name. Returns 0, or the error number; EEXIST when the name is taken.</summary>
    public static int Link(string path, string newPath) => LinkCall(path, newPath) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Makes the names in a folder durable.</summary>
    public static void SyncFolder(string folder)
    {
        int descriptor = OpenCall(folder, 0);
        if (descriptor < 0)
        {
            throw Failure("open", folder);
        }

        try
        {
            // Some file systems cannot sync a folder (EINVAL); there is nothing more to do on them.
            if (SyncCall(descriptor) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
            {
                throw Failure("fsync", folder);
            }
        }
        finally
        {
            _ = CloseCall(descriptor);
        }
    }

    /// <summary>
    /// What tells a file or folder from another of the same path, now or later; null where the system does not say.
    /// </summary>
    public static (uint Major, uint Minor, ulong Number)? IdentityOf(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }
        // struct statx of linux/stat.h: 256 bytes, stx_ino at 32, stx_dev_major at 136, stx_dev_minor at 140.
        Span<byte> about = stackalloc byte[256];
        return StatxCall(AtWorkingFolder, path, 0, InodeNumber, ref MemoryMarshal.GetReference(about)) == 0
            ? (BitConverter.ToUInt32(about[136..]), BitConverter.ToUInt32(about[140..]), BitConverter.ToUInt64(about[32..]))
            : null;
    }

    public static IOException Failure(string call, string path) => Failure(call, path, Marshal.GetLastPInvokeError());

    public static IOException Failure(string call, string path, int error) =>
        new($"{call} of '{path}': {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int LinkCall(string path, string newPath);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatxCall(int folder, string path, int flags, uint mask, ref byte about);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CloseCall(int descriptor);
}
