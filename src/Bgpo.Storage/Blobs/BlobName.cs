using System.Text.RegularExpressions;

namespace Bgpo.Storage.Blobs;

/// <summary>What blobs may be called: segments joined by '/', each of letters, digits, dot, dash and underscore.</summary>
public static partial class BlobName
{
    /// <summary>Longest name.</summary>
    public const int MaximumLength = 512;

    /// <summary>Checks a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">It is not allowed; the message says what is.</exception>
    public static void Validate(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > MaximumLength || !Allowed().IsMatch(name))
        {
            throw new ArgumentException(
                $"Blob name '{name}' is not allowed: use segments joined by '/', each starting with a letter or digit and " +
                    "going on with "
                + $"letters, digits, '.', '-' or '_', {MaximumLength} characters at most.",
                nameof(name));
        }
    }

    /// <summary>Checks a name that must be one segment, such as a run id.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="what">What it names, for the message.</param>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void ValidateSegment(string segment, string what)
    {
        ArgumentNullException.ThrowIfNull(segment);
        if (!IsSegment(segment))
        {
            throw new ArgumentException(
                $"{what} '{segment}' is not allowed: start with a letter or digit and go on with letters, digits, '.', '-' or " +
                    "'_', "
                + "128 characters at most.",
                nameof(segment));
        }
    }

    /// <summary>Whether a name is one segment, such as a run id.</summary>
    /// <param name="segment">The name.</param>
    public static bool IsSegment(string segment) =>
        segment is { Length: > 0 and <= 128 } && !segment.Contains('/', StringComparison.Ordinal) && Allowed().IsMatch(segment);

    // A leading dot is the local store's own: temporary files and locks.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
