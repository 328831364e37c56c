using Bgpo.Grains.Shards;

namespace Bgpo.Grains.Tests;

/// <summary>A replica's copies: whole or not there, two versions of a shard at most.</summary>
public sealed class ShardCopiesTests
{
    private readonly ShardCopies _copies = new();

    [Fact]
    public void AVersion_CountsAsHeld_OnceAllItsPartsAreThere()
    {
        _copies.Hold(Part(0, 7, ShardPartKind.Weights));
        _copies.Hold(Part(0, 7, ShardPartKind.SecondMoment));
        Assert.Empty(_copies.Whole());
        _copies.Hold(Part(0, 7, ShardPartKind.FirstMoment));
        Assert.Equal([new HeldShard(0, 7)], _copies.Whole());
        Assert.Equal(7f, _copies.Find(new(0, 7), ShardPartKind.FirstMoment)!.Values.Span[0]);
        Assert.Null(_copies.Find(new(0, 6), ShardPartKind.Weights));
        Assert.Null(_copies.Find(new(1, 7), ShardPartKind.Weights));
    }

    [Fact]
    public void TheVersionBefore_IsKept_UntilEveryShardHasTheNewOne()
    {
        Hold(0, 5);
        Hold(1, 5);
        Hold(0, 6);
        Assert.Equal([new(0, 5), new(0, 6), new(1, 5)], Held());
        Hold(0, 7);
        Assert.Equal([new(0, 6), new(0, 7), new(1, 5)], Held());
        _copies.DropOlderThan(0, 0, 7);
        Assert.Equal([new(0, 7), new(1, 5)], Held());
    }

    [Fact]
    public void ARunThatWentBack_LeavesNoCopiesOfWhatIsUndone()
    {
        Hold(0, 9);
        Hold(0, 10);
        Hold(0, 4);
        Assert.Equal([new(0, 4)], Held());
        _copies.DropOlderThan(0, 0, 3); // late: a newer one has come
        Assert.Equal([new(0, 4)], Held());
    }

    [Fact]
    public void ARunThatGoesOnFromACheckpoint_LeavesNoOtherCopies()
    {
        Hold(0, 9);
        Hold(1, 10);
        _copies.BeginHistory(1);
        Assert.Empty(Held());
        Hold(0, 9); // late: of the history that was left
        Assert.Empty(Held());
        Assert.Null(_copies.Find(new(0, 9), ShardPartKind.Weights));
    }

    [Fact]
    public void ASiloThatMissedThatTheRunWentBack_LearnsItFromTheFirstCopyOfTheNewHistory()
    {
        Hold(0, 9);
        Hold(1, 9);
        Hold(0, 9, history: 1);
        Assert.Equal([new(0, 9, 1)], Held());
        Assert.Null(_copies.Find(new(0, 9), ShardPartKind.Weights));
        _copies.DropOlderThan(0, 0, 10); // late, of the history that was left
        Assert.Equal([new(0, 9, 1)], Held());
        _copies.DropOlderThan(1, 0, 10);
        Assert.Empty(Held());
    }

    private void Hold(int shard, int version, long history = 0)
    {
        foreach (ShardPartKind kind in Enum.GetValues<ShardPartKind>())
        {
            _copies.Hold(Part(shard, version, kind) with { Token = new(1, history) });
        }
    }

    private HeldShard[] Held() => [.. _copies.Whole().OrderBy(held => held.Shard).ThenBy(held => held.Version)];

    private static ShardPart Part(int shard, int version, ShardPartKind kind) =>
        new(shard, version, kind, new float[] { version, 1 });
}
