using System.Net;
using Bgpo.Silo.Clustering;

namespace Bgpo.Silo.Tests;

/// <summary>Orleans's table of members in files: what its silos rely on when several change it at once.</summary>
public sealed class FileMembershipTableTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("members-").FullName, "cluster");
    private readonly FileMembershipTable _table;

    public FileMembershipTableTests() => _table = new FileMembershipTable(_folder);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task WrittenMember_IsReadBackWhole()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry one = Entry(1);
        one.SuspectTimes = [Tuple.Create(Entry(2).SiloAddress, one.StartTime)];
        Assert.True(await _table.InsertRow(one, new TableVersion(1, "")));
        MembershipTableData data = await _table.ReadAll();
        MembershipEntry read = Assert.Single(data.Members).Item1;
        Assert.Equal(
            (one.SiloAddress, one.Status, one.SiloName, one.ProxyPort, one.StartTime, one.IAmAliveTime),
            (read.SiloAddress, read.Status, read.SiloName, read.ProxyPort, read.StartTime, read.IAmAliveTime));
        Assert.Equal(one.SuspectTimes, read.SuspectTimes);
        Assert.Equal(1, data.Version.Version);
        Assert.Single((await _table.ReadRow(one.SiloAddress)).Members);
        Assert.Empty((await _table.ReadRow(Entry(3).SiloAddress)).Members);
    }

    [Fact]
    public async Task OfTwoChangesOfOneVersion_OneIsTaken()
    {
        await _table.InitializeMembershipTable(true);
        const int writers = 16;
        bool[] taken = await Task.WhenAll(Enumerable.Range(1, writers).Select(i => Task.Run(
            () => new FileMembershipTable(_folder).InsertRow(Entry(i), new TableVersion(1, "")))));
        Assert.Single(taken, true);
        Assert.Single((await _table.ReadAll()).Members);
        Assert.DoesNotContain(
            Directory.GetFiles(_folder), file => Path.GetFileName(file).StartsWith("draft-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ChangeOfAnOldRow_IsRefused()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry one = Entry(1);
        Assert.True(await _table.InsertRow(one, new TableVersion(1, "")));
        string etag = (await _table.ReadAll()).Members[0].Item2;
        one.Status = SiloStatus.ShuttingDown;
        Assert.True(await _table.UpdateRow(one, etag, new TableVersion(2, "")));
        Assert.False(await _table.UpdateRow(one, etag, new TableVersion(3, "")));
        Assert.False(await _table.UpdateRow(Entry(2), etag, new TableVersion(3, "")));
        Assert.Equal(SiloStatus.ShuttingDown, (await _table.ReadAll()).Members[0].Item1.Status);
    }

    [Fact]
    public async Task SignOfLife_ChangesNoVersion()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry one = Entry(1);
        Assert.True(await _table.InsertRow(one, new TableVersion(1, "")));
        one.IAmAliveTime = one.IAmAliveTime.AddSeconds(7);
        await _table.UpdateIAmAlive(one);
        MembershipTableData data = await _table.ReadAll();
        Assert.Equal((1, one.IAmAliveTime), (data.Version.Version, data.Members[0].Item1.IAmAliveTime));
    }

    [Fact]
    public async Task MembersThatAreLongGone_AreForgotten_AndOldVersionsCleared()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry dead = Entry(1);
        dead.Status = SiloStatus.Dead;
        Assert.True(await _table.InsertRow(dead, new TableVersion(1, "")));
        await _table.UpdateIAmAlive(dead);
        for (int version = 2; version < 30; version++)
        {
            Assert.True(await _table.InsertRow(Entry(version), new TableVersion(version, "")));
        }
        await _table.CleanupDefunctSiloEntries(dead.IAmAliveTime.AddHours(1));
        MembershipTableData data = await _table.ReadAll();
        Assert.DoesNotContain(data.Members, member => member.Item1.SiloAddress.Equals(dead.SiloAddress));
        Assert.Equal(28, data.Members.Count);
        Assert.InRange(Directory.GetFiles(_folder).Length, 1, 10);
    }

    [Fact]
    public async Task ASiloKilledWhileItWrites_LeavesNothingThatIsNotClearedAway()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry killed = Entry(1);
        Assert.True(await _table.InsertRow(killed, new TableVersion(1, "")));
        // A sign of life needs no second file, which a kill would leave: here one cannot be made.
        Directory.CreateDirectory(Path.Combine(_folder, $"alive-{killed.SiloAddress.ToParsableString().Replace(':', '-')}.tmp"));
        await _table.UpdateIAmAlive(killed);
        string draft = Path.Combine(_folder, "draft-1-of-a-killed-silo");
        File.WriteAllText(draft, "");
        File.SetLastWriteTimeUtc(draft, killed.IAmAliveTime);

        await _table.CleanupDefunctSiloEntries(killed.IAmAliveTime.AddHours(1));
        Assert.False(File.Exists(draft));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"Version\":2,\"Ro")]
    [InlineData("null")]
    public async Task VersionThatIsCut_CountsWithTheRowsOfTheOneBefore(string content)
    {
        await _table.InitializeMembershipTable(true);
        Assert.True(await _table.InsertRow(Entry(1), new TableVersion(1, "")));
        Assert.True(await _table.InsertRow(Entry(2), new TableVersion(2, "")));
        File.WriteAllText(Path.Combine(_folder, "members-0000000002"), content);
        File.WriteAllText(Path.Combine(_folder, "members-0000000002~"), "an editor's");

        MembershipTableData data = await _table.ReadAll();
        Assert.Equal((2, Entry(1).SiloAddress), (data.Version.Version, Assert.Single(data.Members).Item1.SiloAddress));
        Assert.True(await _table.InsertRow(Entry(2), new TableVersion(3, "")));
        Assert.Equal(2, (await _table.ReadAll()).Members.Count);
    }

    [Fact]
    public async Task FilesThatAreAllEmpty_AreATableWithoutMembers()
    {
        await _table.InitializeMembershipTable(true);
        MembershipEntry one = Entry(1);
        Assert.True(await _table.InsertRow(one, new TableVersion(1, "")));
        File.WriteAllText(Path.Combine(_folder, "members-0000000001"), "");
        Assert.Empty((await _table.ReadAll()).Members);
        Assert.True(await _table.InsertRow(one, new TableVersion(2, "")));

        await _table.UpdateIAmAlive(one);
        File.Delete(Directory.GetFiles(_folder, "alive-*").Single());
        Assert.Equal(one.IAmAliveTime, (await _table.ReadAll()).Members.Single().Item1.IAmAliveTime);
    }

    [Fact]
    public async Task FolderBelowOneOfAGroup_IsItsUsersAlone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "silos are processes of Linux");
#pragma warning disable CA1416
        string all = Path.GetDirectoryName(_folder)!;
        File.SetUnixFileMode(all, File.GetUnixFileMode(all) | UnixFileMode.SetGroup);
        await _table.InitializeMembershipTable(true);
        Assert.Equal((UnixFileMode)Convert.ToInt32("700", 8),
            File.GetUnixFileMode(_folder) & (UnixFileMode)Convert.ToInt32("777", 8));
#pragma warning restore CA1416
        Assert.True(await _table.InsertRow(Entry(1), new TableVersion(1, "")));
    }

    [Fact]
    public async Task FolderThatOthersMayEnter_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "silos are processes of Linux");
#pragma warning disable CA1416
        Directory.CreateDirectory(_folder);
        File.SetUnixFileMode(_folder, (UnixFileMode)Convert.ToInt32("755", 8));
#pragma warning restore CA1416
        IOException refusal = await Assert.ThrowsAsync<IOException>(() => _table.InitializeMembershipTable(true));
        Assert.Contains("must be its user's alone (mode 700)", refusal.Message, StringComparison.Ordinal);
    }

    private static MembershipEntry Entry(int port) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 1),
        Status = SiloStatus.Active,
        SiloName = $"silo {port}",
        HostName = "host",
        RoleName = "",
        ProxyPort = port + 1000,
        StartTime = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 1, 2, 3, 4, 6, DateTimeKind.Utc),
    };
}
