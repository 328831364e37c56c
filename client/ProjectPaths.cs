using Bgpo.Storage.Blobs;

namespace Bgpo.Client;

/// <summary>Where files are looked up: the working directory first, then the project's folder.</summary>
/// <param name="WorkingFolder">The caller's working directory.</param>
/// <param name="Home">The project's folder (BGPO_HOME); null when the console was not started by its script.</param>
/// <param name="Command">What the user types to start the console.</param>
internal sealed record ProjectPaths(string WorkingFolder, string? Home, string Command)
{
    /// <summary>
    /// The file that describes clusters for commands that name none (BGPO_CLUSTER_CONFIG); null: there is none.
    /// </summary>
    internal string? ClusterConfig { get; init; }

    /// <summary>The process's own.</summary>
    /// <exception cref="BadInputException">The working directory has been removed.</exception>
    internal static ProjectPaths OfProcess() => new(
        WorkingDirectory(),
        Environment.GetEnvironmentVariable("BGPO_HOME") is { Length: > 0 } home ? home : null,
        Environment.GetEnvironmentVariable("BGPO_COMMAND") is { Length: > 0 } command ? command : "bgpo")
    {
        ClusterConfig = Environment.GetEnvironmentVariable(Client.ClusterConfig.Variable) is { Length: > 0 } config ? config
            : null,
    };

    /// <summary>The full path of a file or folder that exists here or in the project; null when neither has it.</summary>
    internal string? Find(string path) =>
        new[] { WorkingFolder, Home }.OfType<string>().Select(folder => Path.GetFullPath(Expanded(path), folder))
            .FirstOrDefault(Path.Exists);

    /// <summary>A full path for a file or folder of the caller's, whether it exists or not.</summary>
    internal string Full(string path) => Path.GetFullPath(Expanded(path), WorkingFolder);

    /// <summary>The location of a store: a full path for a folder, a URI as it is.</summary>
    /// <param name="given">As given; null for the folder <c>runs</c>.</param>
    internal string Store(string? given) =>
        StoreFolder(given) is var location && BlobStores.IsFolder(location) ? Full(location) : location;

    /// <summary>The location of a store that is read from: a folder that was given must be there.</summary>
    /// <param name="given">As given; null for the folder <c>runs</c>, which the first run makes.</param>
    /// <exception cref="BadInputException">It is not.</exception>
    internal string StoreWithRuns(string? given)
    {
        var location = Store(given);
        return given is null || !BlobStores.IsFolder(location) || Directory.Exists(location)
            ? location
            : throw new BadInputException($"option --store: value '{given}': no such folder");
    }

    /// <summary>A path as the user would write it: relative where that is shorter.</summary>
    internal string Shown(string path)
    {
        if (!Path.IsPathRooted(path))
        {
            return path;
        }

        var relative = Path.GetRelativePath(WorkingFolder, path);
        return relative.Length < path.Length && !relative.StartsWith("../..", StringComparison.Ordinal) ? relative : path;
    }

    /// <summary>A specification of the project's own, full path; null when the project is not known or lacks it.</summary>
    internal string? Config(string name) => new[] { Home, WorkingFolder }.OfType<string>()
        .Select(folder => Path.Combine(folder, "configs", name)).FirstOrDefault(File.Exists);

    /// <summary>A command line that can be pasted into a shell.</summary>
    internal string CommandLine(params string[] arguments) => string.Join(' ', arguments.Select(Quoted).Prepend(Command));

    /// <summary>
    /// A path with the user's home in the place of <c>~</c>, which a shell leaves alone in <c>--store=~/runs</c>.
    /// </summary>
    internal static string Expanded(string path) => path is "~" || path.StartsWith("~/", StringComparison.Ordinal)
        ? Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home
            ? home + path[1..]
            : throw new BadInputException($"path '{path}': HOME is not set; write the path in full")
        : path;

    /// <summary>
    /// The folder of a store as given; an empty one is an unset variable of a script, not the working directory.
    /// </summary>
    private static string StoreFolder(string? given) => given is null ? "runs"
        : given.Length > 0 ? given : throw new BadInputException("option --store: value '': a folder or a store's URI");

    private static string WorkingDirectory()
    {
        try
        {
            return Directory.GetCurrentDirectory();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException("the working directory is gone, or may not be entered; change to one that is there", e);
        }
    }

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(
            c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@".Contains(c, StringComparison.Ordinal))
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
