using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Storage.Blobs.Local;

/// <summary>
/// An exclusive lock of a folder, held through flock(2) on its file <c>.lock</c>, so the kernel frees it when the holder dies.
/// The file itself is never deleted: deleting would let two holders lock two files of one name.
/// </summary>
internal static class FolderLock
{
    public const string FileName = ".lock";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static async Task<SafeFileHandle> AcquireAsync(string folder, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        var waited = Stopwatch.StartNew();
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                // FileShare.None takes flock(LOCK_EX | LOCK_NB).
                return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (exception.HResult == Libc.WouldBlock)
            {
                if (waited.Elapsed > s_patience)
                {
                    throw new StoreUnavailableException(
                        $"Store '{folder}': another process has held '{FileName}' for {s_patience.TotalSeconds:0} s; "
                        + "see whether it is stopped, and end it.",
                        exception);
                }
            }
            // Jitter is no part of any result, so it need not come from the run's generator.
            await Task.Delay(1 + (Environment.TickCount & 3) + Math.Min(attempt, 20), cancellationToken).ConfigureAwait(false);
        }
    }
}
