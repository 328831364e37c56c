namespace Bgpo.Storage.Blobs;

/// <summary>
/// The store refuses or fails. The message is one line that names the place and what to do.
/// <see cref="StoreUnavailableException"/>
/// may heal by itself; every other kind needs somebody to mend something.
/// </summary>
public class StorageException : Exception
{
    /// <summary>Without a message.</summary>
    public StorageException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the place and what to do.</param>
    public StorageException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the place and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public StorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// The store cannot be used now and may heal by itself: unreachable, throttled, timed out, disk full, an I/O error. The operation
/// was retried for as long as the store's patience lasts, and may or may not have been done; doing it again is safe, since puts
/// of the same bytes under the same condition come to the same end.
/// </summary>
public sealed class StoreUnavailableException : StorageException
{
    /// <summary>Without a message.</summary>
    public StoreUnavailableException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the store and what to look at.</param>
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the store and what to look at.</param>
    /// <param name="innerException">The cause.</param>
    public StoreUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether it is said of one run, whose record is missing, in a store that answers.</summary>
    public bool IsOfOneRun { get; init; }
}

/// <summary>
/// The store refuses, and will go on refusing until somebody mends something: bad credentials, a missing container, a folder
/// without permission, a location that cannot be read. Never retried.
/// </summary>
public sealed class StoreRefusedException : StorageException
{
    /// <summary>Without a message.</summary>
    public StoreRefusedException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the store and what to mend.</param>
    public StoreRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the store and what to mend.</param>
    /// <param name="innerException">The cause.</param>
    public StoreRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A run with that id exists already.</summary>
public sealed class RunExistsException : StorageException
{
    /// <summary>Without a message.</summary>
    public RunExistsException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the run.</param>
    public RunExistsException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the run.</param>
    /// <param name="innerException">The cause.</param>
    public RunExistsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A blob is missing, cut or altered.</summary>
public sealed class CorruptBlobException : StorageException
{
    /// <summary>Without a message.</summary>
    public CorruptBlobException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the blob.</param>
    public CorruptBlobException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the blob.</param>
    /// <param name="innerException">The cause.</param>
    public CorruptBlobException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A blob that is bad.</summary>
    /// <param name="blobName">The blob's name.</param>
    /// <param name="reason">What is wrong with it.</param>
    /// <param name="innerException">The cause, when there is one.</param>
    public CorruptBlobException(string blobName, string reason, Exception? innerException = null)
        : base($"Blob '{blobName}' {reason}.", innerException!)
    {
        BlobName = blobName;
    }

    /// <summary>The bad blob's name.</summary>
    public string BlobName { get; } = "";
}

/// <summary>
/// A blob was written by a newer version of this program, in a format that this one does not read. Nothing is damaged.
/// </summary>
public sealed class NewerFormatException : StorageException
{
    /// <summary>Without a message.</summary>
    public NewerFormatException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the blob and its format.</param>
    public NewerFormatException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the blob and its format.</param>
    /// <param name="innerException">The cause.</param>
    public NewerFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
