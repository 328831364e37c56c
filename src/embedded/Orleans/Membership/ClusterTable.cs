using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>A silo as the table of members has it.</summary>
internal sealed record SiloRow
{
    /// <summary>The silo's address, see <see cref="SiloAddress.ToParsableString"/>.</summary>
    public required string Address { get; init; }

    public required string Name { get; init; }

    public required SiloStatus Status { get; init; }

    /// <summary>Whether it is dead because it left, having handed over all it had.</summary>
    public bool Left { get; init; }

    public ImmutableDictionary<string, string> Metadata { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The silo's grain classes with their properties.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<string, string>> Classes { get; init; } =
        ImmutableDictionary<string, ImmutableDictionary<string, string>>.Empty;

    /// <summary>Who misses its answers to probes, and since when (UTC).</summary>
    public ImmutableDictionary<string, DateTime> Suspicions { get; init; } = ImmutableDictionary<string, DateTime>.Empty;
}

/// <summary>All silos of the cluster at one version.</summary>
internal sealed record ClusterTable
{
    public long Version { get; init; }

    public ImmutableArray<SiloRow> Rows { get; init; } = [];
}

/// <summary>
/// The table of members in files, one for each version. A change is a new file that is put in place under the next version's name
/// only if nobody else did: no lock is held, so a process that is stopped or killed at any moment stands in nobody's way.
/// </summary>
internal sealed class ClusterTableStore(ClusterDirectory directory, string writer)
{
    private const string Prefix = "table-";
    private const int KeptVersions = 8;

    private readonly Lock _updateLock = new();

    /// <summary>The version in place; 0 if there is none.</summary>
    public long ReadVersion() => Directory.EnumerateFiles(directory.Path, Prefix + "*").Select(VersionOf).DefaultIfEmpty(0).Max();

    /// <summary>The table in place; an empty one if there is none.</summary>
    public ClusterTable Read()
    {
        while (true)
        {
            long version = ReadVersion();
            if (version == 0)
            {
                return new ClusterTable();
            }

            try
            {
                return JsonSerializer.Deserialize<ClusterTable>(File.ReadAllBytes(PathOf(version)))!;
            }
            catch (FileNotFoundException)
            {
                // It was cleared away as an old version meanwhile: there is a newer one.
            }
        }
    }

    /// <summary>Changes the table by <paramref name="change"/>, which may run several times; null from it leaves the table alone.</summary>
    public ClusterTable Update(Func<ClusterTable, ClusterTable?> change)
    {
        // One draft at a time in this process; between processes nobody waits for anybody.
        lock (_updateLock)
        {
            return Replace(change);
        }
    }

    private ClusterTable Replace(Func<ClusterTable, ClusterTable?> change)
    {
        while (true)
        {
            ClusterTable current = Read();
            if (change(current) is not { } changed)
            {
                return current;
            }

            changed = changed with { Version = current.Version + 1 };
            string draft = Path.Combine(directory.Path, writer + ".tmp");
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(changed));
            try
            {
                // Fails if the name is taken, in one step.
                File.Move(draft, PathOf(changed.Version), overwrite: false);
            }
            catch (IOException) when (File.Exists(PathOf(changed.Version)) || ReadVersion() >= changed.Version)
            {
                File.Delete(draft);
                continue;
            }

            if (ReadVersion() > changed.Version)
            {
                // This process slept so long that the name had been cleared away: the change came too late.
                File.Delete(PathOf(changed.Version));
                continue;
            }

            for (long old = changed.Version - KeptVersions; old > 0 && File.Exists(PathOf(old)); old--)
            {
                File.Delete(PathOf(old));
            }

            return changed;
        }
    }

    private string PathOf(long version) =>
        Path.Combine(directory.Path, Prefix + version.ToString("D12", CultureInfo.InvariantCulture));

    private static long VersionOf(string path) =>
        long.TryParse(Path.GetFileName(path.AsSpan())[Prefix.Length..], CultureInfo.InvariantCulture, out long version) ? version : 0;
}
