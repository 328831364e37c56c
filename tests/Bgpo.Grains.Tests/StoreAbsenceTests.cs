namespace Bgpo.Grains.Tests;

/// <summary>A store that is not there for a moment is waited for: it does not say no, and nothing is written where it is
/// not.</summary>
public sealed class StoreAbsenceTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData(false)] // renamed
    [InlineData(true)] // unmounted: the bare folder beneath
    public async Task AStoreThatIsMovedAwayAndBack_CostsNothing(bool leavesBareFolder)
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;
        string elsewhere = _runs.Root + ".away";
        bool isAway = false;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 1 })
            {
                isAway = true;
                Directory.Move(_runs.Root, elsewhere);
                if (leavesBareFolder)
                {
                    Directory.CreateDirectory(_runs.Root);
                    // nor does one who asks to go on take it for deleted
                    Assert.Equal(RunState.Running, (await grain.Resume()).State);
                    RunException refused = await Assert.ThrowsAsync<RunException>(() => grain.Start(SmallRuns.Spec()));
                    Assert.Contains("is not the store that it was", refused.Message, StringComparison.Ordinal);
                }
            }
            else if (isAway && e is StoreStatus { Healthy: false } or StepCommitted { Metrics.Version: 5 })
            {
                isAway = false;
                if (leavesBareFolder)
                {
                    Assert.Empty(Directory.GetFileSystemEntries(_runs.Root));
                    Directory.Delete(_runs.Root);
                }
                Directory.Move(elsewhere, _runs.Root);
            }
        });

        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        Assert.Contains(
            events.OfType<StoreStatus>(), standing =>
                !standing.Healthy && standing.Message.Contains(_runs.Root, StringComparison.Ordinal));
        Assert.Equal(6, (await _runs.Store("b").LatestWholeCheckpointAsync())!.Version);
    }
}
