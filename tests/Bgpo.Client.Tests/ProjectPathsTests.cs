namespace Bgpo.Client.Tests;

public sealed class ProjectPathsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-paths-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Tilde_IsTheUsersHome_WhichNoShellPutsThereBehindAnEqualsSign()
    {
        var home = Environment.GetEnvironmentVariable("HOME");
        Assert.SkipWhen(string.IsNullOrEmpty(home), "no home");
        var paths = new ProjectPaths(_folder.FullName, null, "bgpo");
        Assert.Equal(Path.GetFullPath(home!), paths.Store("~"));
        Assert.Equal(Path.GetFullPath(home + "/x/runs"), paths.Store("~/x/runs"));
        Assert.Equal(Path.GetFullPath(home + "/x"), paths.Full("~/x"));
        Assert.Equal(Path.GetFullPath(home!), paths.Find("~"));
        Assert.Equal(Path.Combine(_folder.FullName, "~x"), paths.Full("~x"));
    }
}
