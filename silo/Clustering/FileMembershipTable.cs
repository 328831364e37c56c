using System.Globalization;
using System.Text.Json;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// Microsoft.Orleans's table of members as files of a directory, for silos that are processes of one machine and have no
/// database. Each version is a file of its own, put in place only if nobody else did: no lock is held, so a process that is
/// stopped or killed at any moment stands in nobody's way.
/// </summary>
/// <param name="directory">The cluster's directory.</param>
internal sealed class FileMembershipTable(string directory) : IMembershipTable
{
    private const string Members = "members-";
    private const string Alive = "alive-";
    private const string Draft = "draft-";
    private const int KeptVersions = 8;

    /// <inheritdoc/>
    public Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        ClusterFolder.Make(directory);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId)
    {
        foreach (string file in Directory.GetFiles(directory, Members + "*").Concat(Directory.GetFiles(directory, Alive + "*")))
        {
            File.Delete(file);
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate)
    {
        foreach (FileInfo draft in new DirectoryInfo(directory).EnumerateFiles(Draft + "*")
            .Where(file => file.LastWriteTimeUtc < beforeDate))
        {
            draft.Delete(); // of a silo that was killed before it put it in place
        }
        while (true)
        {
            Table table = Read();
            Row[] kept = [.. table.Rows.Where(row => row.Status == SiloStatus.Active || LastSign(row) >= beforeDate.UtcDateTime)];
            if (kept.Length == table.Rows.Length)
            {
                return Task.CompletedTask;
            }
            if (TryPut(new Table(table.Version + 1, kept)))
            {
                foreach (Row row in table.Rows.Except(kept))
                {
                    File.Delete(AliveFile(row.Address));
                }
                return Task.CompletedTask;
            }
        }
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        string address = key.ToParsableString();
        return Task.FromResult(DataOf(Read(), row => row.Address == address));
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => Task.FromResult(DataOf(Read(), static _ => true));

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        Table table = Read();
        Row added = RowOf(entry, tableVersion.Version);
        return Task.FromResult(
            tableVersion.Version == table.Version + 1 && Array.TrueForAll(table.Rows, row => row.Address != added.Address)
            && TryPut(new Table(tableVersion.Version, [.. table.Rows, added])));
    }

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
    {
        Table table = Read();
        Row changed = RowOf(entry, tableVersion.Version);
        int index = Array.FindIndex(table.Rows, row => row.Address == changed.Address);
        if (index < 0 || tableVersion.Version != table.Version + 1 || table.Rows[index].ETag != etag)
        {
            return Task.FromResult(false);
        }
        return Task.FromResult(
            TryPut(new Table(tableVersion.Version, [.. table.Rows[..index], changed, .. table.Rows[(index + 1)..]])));
    }

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry)
    {
        // A sign of life is nobody else's business: it changes no version. The file's time is the sign, so none is ever half
        // written, and a silo that is killed here leaves nothing behind that is not cleared away with it.
        string file = AliveFile(entry.SiloAddress.ToParsableString());
        File.Create(file).Dispose();
        File.SetLastWriteTimeUtc(file, entry.IAmAliveTime);
        return Task.CompletedTask;
    }

    /// <summary>
    /// The newest version. One that is empty or cut, as after a power cut or a full disk, counts with the rows of the one before
    /// it: whoever misses a change of its own there makes it again.
    /// </summary>
    private Table Read()
    {
        while (true)
        {
            int latest = LatestVersion();
            try
            {
                for (int version = latest; version > 0 && (version == latest || File.Exists(FileOf(version))); version--)
                {
                    if (Parse(File.ReadAllBytes(FileOf(version))) is { } table)
                    {
                        return table with { Version = latest };
                    }
                }
                return new Table(latest, []);
            }
            catch (FileNotFoundException)
            {
                // It was cleared away as an old version meanwhile: there is a newer one.
            }
        }
    }

    private static Table? Parse(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<Table>(content) is { Rows: not null } table ? table : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private bool TryPut(Table table)
    {
        string draft = Path.Combine(directory, $"{Draft}{Environment.ProcessId}-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(table));
            // Fails if the name is taken, in one step.
            File.Move(draft, FileOf(table.Version), overwrite: false);
        }
        catch (IOException) when (File.Exists(FileOf(table.Version)) || LatestVersion() >= table.Version)
        {
            File.Delete(draft);
            return false;
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
        if (LatestVersion() > table.Version)
        {
            // This process slept so long that the name had been cleared away: the change came too late.
            File.Delete(FileOf(table.Version));
            return false;
        }
        for (int old = table.Version - KeptVersions; old > 0 && File.Exists(FileOf(old)); old--)
        {
            File.Delete(FileOf(old));
        }
        return true;
    }

    private int LatestVersion() => Directory.EnumerateFiles(directory, Members + "*")
        .Select(file => int.TryParse(
            Path.GetFileName(file)[Members.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int version)
                ? version : 0)
        .DefaultIfEmpty(0).Max();

    private string FileOf(int version) =>
        Path.Combine(directory, Members + version.ToString("D10", CultureInfo.InvariantCulture));

    private string AliveFile(string address) => Path.Combine(directory, Alive + address.Replace(':', '-'));

    private DateTime LastSign(Row row) =>
        new FileInfo(AliveFile(row.Address)) is { Exists: true } sign ? sign.LastWriteTimeUtc : row.Alive;

    private MembershipTableData DataOf(Table table, Func<Row, bool> wanted) => new(
        [.. table.Rows.Where(wanted).Select(row => Tuple.Create(EntryOf(row), row.ETag))],
        new TableVersion(table.Version, table.Version.ToString(CultureInfo.InvariantCulture)));

    private MembershipEntry EntryOf(Row row) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(row.Address),
        Status = row.Status,
        SiloName = row.Name,
        HostName = row.Host,
        RoleName = "",
        ProxyPort = row.Gateway,
        StartTime = row.Started,
        IAmAliveTime = LastSign(row),
        SuspectTimes = [.. row.Suspicions.Select(vote => Tuple.Create(SiloAddress.FromParsableString(vote.By), vote.At))],
    };

    private static Row RowOf(MembershipEntry entry, int version) => new(
        entry.SiloAddress.ToParsableString(),
        entry.Status,
        entry.SiloName,
        entry.HostName,
        entry.ProxyPort,
        entry.StartTime,
        entry.IAmAliveTime,
        [.. (entry.SuspectTimes ?? []).Select(vote => new Suspicion(vote.Item1.ToParsableString(), vote.Item2))],
        version.ToString(CultureInfo.InvariantCulture));

    private sealed record Suspicion(string By, DateTime At);

    private sealed record Row(
        string Address, SiloStatus Status, string Name, string Host, int Gateway, DateTime Started, DateTime Alive,
        Suspicion[] Suspicions, string ETag);

    private sealed record Table(int Version, Row[] Rows);
}
