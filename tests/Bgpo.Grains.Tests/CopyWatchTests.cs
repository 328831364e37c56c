using Bgpo.Grains.Runs;
using Bgpo.Grains.Steps;

namespace Bgpo.Grains.Tests;

/// <summary>That shards have no copy is told once, and so is that they have one again.</summary>
public sealed class CopyWatchTests
{
    [Fact]
    public void MissingCopies_AreToldOnce_AndTheirReturnOnce()
    {
        List<RunEvent> told = [];
        var watch = new CopyWatch(new EventLog(new ManualTime()) { OnAppended = told.Add });
        watch.Note("", 2);
        Assert.Empty(told);
        watch.Note("1 of 3 shards (silo b: it did not answer)", 2);
        watch.Note("3 of 3 shards (silo b: it did not answer)", 2);
        Assert.Contains("1 of 3 shards (silo b: it did not answer)", Assert.IsType<Noticed>(Assert.Single(told)).Message,
            StringComparison.Ordinal);
        Assert.True(watch.IsMissing);
        watch.Note("", 2);
        watch.Note("", 2);
        Assert.Equal(2, told.Count);
        Assert.False(watch.IsMissing);
    }

    [Fact]
    public void WhereOneSiloIsLeft_NoCopyIsClaimed()
    {
        List<RunEvent> told = [];
        var watch = new CopyWatch(new EventLog(new ManualTime()) { OnAppended = told.Add });
        watch.Note("1 of 3 shards (silo b: it did not answer)", 2);
        watch.Note("", 1);
        Assert.Single(told);
    }
}
