namespace Bgpo.Client.Metrics;

/// <summary>Tries out whether a folder can be written to, and leaves it as it was.</summary>
internal static class WritableFolder
{
    /// <summary>Tries it.</summary>
    /// <param name="folder">The folder, full path; made for the trial when missing.</param>
    /// <param name="file">A file in it that is written over; null: none.</param>
    /// <param name="named">The folder as the user gave it, for the message.</param>
    /// <exception cref="BadInputException">It cannot be written to.</exception>
    internal static void Check(string folder, string? file, string named)
    {
        Stack<string> made = [];
        try
        {
            Make(folder, made);
            using (new FileStream(
                Path.Combine(folder, $".bgpo-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
                FileOptions.DeleteOnClose))
            {
            }

            if (file is not null && Path.Exists(Path.Combine(folder, file)))
            {
                using var there = new FileStream(
                    Path.Combine(folder, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{named}: cannot be written to: {e.Message}", e);
        }
        finally
        {
            Remove(made);
        }
    }

    private static void Make(string folder, Stack<string> made)
    {
        Stack<string> missing = [];
        for (var at = folder; !Directory.Exists(at) && Path.GetDirectoryName(at) is { } parent; at = parent)
        {
            missing.Push(at);
        }

        while (missing.TryPop(out var next))
        {
            Directory.CreateDirectory(next);
            made.Push(next);
        }
    }

    /// <summary>Removes what was made, unless somebody has put something there meanwhile.</summary>
    private static void Remove(Stack<string> made)
    {
        try
        {
            while (made.TryPop(out var last))
            {
                Directory.Delete(last);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In use already.
        }
    }
}
