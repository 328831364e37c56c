namespace Bgpo.Storage.Blobs.Local;

/// <summary>Turns what the file system says into one line that names the path and the remedy.</summary>
internal static class FolderErrors
{
    public static bool IsFileSystemError(Exception exception) => exception is IOException or UnauthorizedAccessException;

    public static StorageException Translate(Exception exception, string path, string action)
    {
        int error = exception is UnauthorizedAccessException ? Libc.AccessDenied : exception.HResult;
        string remedy;
        bool heals = false;
        if (error == Libc.NoSpace || error == Libc.QuotaExceeded)
        {
            heals = true;
            remedy = "no space is left; free some, prune old checkpoints, or name another folder with --store";
        }
        else if (error == Libc.ReadOnlyFileSystem)
        {
            remedy = "the file system is read-only; name a writable folder with --store";
        }
        else if (error is Libc.AccessDenied or Libc.NotPermitted)
        {
            remedy = "permission is denied; make the folder writable for this user, or name another with --store";
        }
        else if (error == Libc.NotAFolder || error == Libc.Exists)
        {
            remedy = "a file stands where a folder is needed; move it away, or name another folder with --store";
        }
        else if (exception is PathTooLongException || error == Libc.NameTooLong)
        {
            remedy = "the path is too long for the file system; name a shorter folder with --store";
        }
        else
        {
            heals = true;
            remedy = $"{exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}; mend the folder, or name another with --store";
        }
        string message = $"Store '{path}': cannot {action}: {remedy}.";
        return heals ? new StoreUnavailableException(message, exception) : new StoreRefusedException(message, exception);
    }
}
