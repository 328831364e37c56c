namespace Bgpo.Storage.Blobs.Local;

/// <summary>
/// Whether a store's folder is there, and is the one that it was. A folder that was there and is not is a store that is away, not
/// one without blobs.
/// </summary>
/// <param name="folder">The folder, full path.</param>
/// <param name="location">The store, for messages.</param>
internal sealed class FolderPresence(string folder, string location)
{
    private volatile bool _isSeen;

    /// <summary>The folder as it was first seen.</summary>
    private (uint Major, uint Minor, ulong Number)? _identity;

    /// <summary>Whether the folder was ever there.</summary>
    public bool IsSeen => _isSeen;

    /// <summary>Whether the folder is the one that was first seen.</summary>
    public bool IsSame() => Libc.IdentityOf(folder) == _identity;

    /// <summary>Looks whether the folder is there.</summary>
    /// <param name="action">What is done in it, for the message.</param>
    /// <param name="failure">What that has failed of; null: nothing.</param>
    /// <exception cref="StoreUnavailableException">It was there, and is not.</exception>
    public void Check(string action, Exception? failure = null)
    {
        if (Directory.Exists(folder))
        {
            if (!_isSeen)
            {
                _identity = Libc.IdentityOf(folder);
                _isSeen = true;
            }
        }
        else if (_isSeen)
        {
            throw new StoreUnavailableException(
                $"Store '{location}': cannot {action}: the folder is gone; bring it back where it was moved or its disk is not "
                + "mounted, or make it anew where it is to be empty.",
                failure!);
        }
    }
}
