using Bgpo.ExactSums;
using Bgpo.Grains.Shards;
using Bgpo.Optimizer;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>A shard's rules: contributions count once, for its version only, from the newest controller, in any order.</summary>
public sealed class ShardAccumulatorTests
{
    private const int Length = 21;

    private static readonly OptimizerSection s_optimizer = new() { LearningRate = 0.1 };

    [Fact]
    public void ADuplicateUnit_CountsOnce()
    {
        ShardAccumulator once = Shard();
        ShardAccumulator twice = Shard();
        Assert.Equal(AddOutcome.Added, once.Add(Unit(0)));
        Assert.Equal(AddOutcome.Added, twice.Add(Unit(0)));
        Assert.Equal(AddOutcome.Duplicate, twice.Add(Unit(0)));
        Assert.Equal(AddOutcome.Duplicate, twice.Add(Unit(0) with { Values = new float[Length] }));

        Assert.Equal([new UnitName(4, 0, 0)], twice.GetStatus().Units);
        Assert.Equal(Committed(once), Committed(twice));
    }

    [Fact]
    public void AnotherVersionsUnit_IsDropped()
    {
        ShardAccumulator shard = Shard();
        Assert.Equal(AddOutcome.Stale, shard.Add(Unit(0, step: 3)));
        Assert.Equal(AddOutcome.Stale, shard.Add(Unit(0, step: 5)));
        Assert.Empty(shard.GetStatus().Units);
        Assert.Equal(0, shard.Summarize(new SummaryRequest(new(1, 0), 4, 0, 8)).SumOfSquares);
    }

    [Fact]
    public void AFencedController_IsRefusedEverything()
    {
        ShardAccumulator shard = Shard();
        shard.Add(Unit(0, epoch: 2));
        float[] before = shard.Weights.ToArray();

        Assert.Equal(AddOutcome.Stale, shard.Add(Unit(1, epoch: 1)));
        SummaryOutcome summary = shard.Summarize(new SummaryRequest(new(1, 0), 4, 1, 8));
        ShardStatus commit = shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: false));

        Assert.True(summary.Standing.Fenced);
        Assert.True(double.IsNaN(summary.SumOfSquares));
        Assert.True(commit.Fenced);
        Assert.Equal((4, 2L), (commit.Version, commit.Epoch));
        Assert.Single(commit.Units);
        Assert.Equal(before, shard.Weights.ToArray());
        Assert.False(shard.Accept(1));
        Assert.True(shard.Accept(2));
        Assert.True(shard.Accept(3));
    }

    [Fact]
    public void AControllerThatTakesOver_CollectsAnew_SinceAGraderMayJudgeOtherwise()
    {
        ShardAccumulator shard = Shard();
        ShardAccumulator fresh = Shard();
        shard.Add(Unit(0, epoch: 1));
        shard.DropFormer(1); // its own
        Assert.Single(shard.GetStatus().Units);
        shard.Accept(2);
        shard.DropFormer(2);
        Assert.Empty(shard.GetStatus().Units);
        Assert.Equal(AddOutcome.Added, shard.Add(Unit(1, epoch: 2)));
        shard.DropFormer(2);
        fresh.Add(Unit(1, epoch: 2));
        Assert.Equal(Committed(fresh), Committed(shard));
    }

    [Fact]
    public void ANewerController_KeepsWhatTheOlderOneCollected()
    {
        ShardAccumulator shard = Shard();
        shard.Add(Unit(0, epoch: 1));
        Assert.Equal(AddOutcome.Duplicate, shard.Add(Unit(0, epoch: 7)));
        Assert.False(shard.Summarize(new SummaryRequest(new(7, 0), 4, 1, 8)).Standing.Fenced);
        Assert.Equal(7, shard.GetStatus().Epoch);
    }

    [Fact]
    public void ABadContribution_IsRefused_AndMayComeAgainRight()
    {
        ShardAccumulator shard = Shard();
        float[] bad = Values(0);
        bad[17] = float.NaN;
        ContributionException refused = Assert.Throws<ContributionException>(() => shard.Add(Unit(0) with { Values = bad }));
        Assert.Contains("unit 4/0/0", refused.Message, StringComparison.Ordinal);
        Assert.Empty(shard.GetStatus().Units);

        Assert.Equal(AddOutcome.Added, shard.Add(Unit(0)));
        ShardAccumulator clean = Shard();
        clean.Add(Unit(0));
        Assert.Equal(Committed(clean), Committed(shard));
    }

    [Fact]
    public void TheOrderOfContributions_DoesNotChangeABit()
    {
        int[] order = [.. Enumerable.Range(0, 12)];
        float[] expected = Committed(With(order));
        for (uint shuffle = 0; shuffle < 20; shuffle++)
        {
            new Philox(1, Purpose.Other, shuffle).Shuffle(order.AsSpan());
            Assert.Equal(Bits(expected), Bits(Committed(With(order))));
        }
    }

    [Fact]
    public void ACommit_IsAdamWOnTheMean()
    {
        ShardAccumulator shard = With([0, 1, 2]);
        float[] weights = Values(100);
        var gradient = new float[Length];
        for (int i = 0; i < Length; i++)
        {
            gradient[i] = (float)(((double)Values(0)[i] + Values(1)[i] + Values(2)[i]) / 8);
        }
        double squares = shard.Summarize(new SummaryRequest(new(1, 0), 4, 3, 8)).SumOfSquares;
        AdamW.Step(weights, new float[Length], new float[Length], gradient, s_optimizer, 0.1, 0.5, 5);

        shard.Commit(new CommitRequest(new(1, 0), 4, 3, 0.5, 0.1, 8, Keep: false));

        Assert.Equal(gradient.Sum(g => (double)g * g), squares, 1e-6);
        Assert.Equal(weights, shard.Weights.ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void ARepeatedCommit_ChangesNothing()
    {
        ShardAccumulator shard = With([0, 1, 2]);
        var request = new CommitRequest(new(1, 0), 4, 3, 1, 0.1, 8, Keep: false);
        ReadOnlyMemory<float> old = shard.Weights;
        float[] oldCopy = old.ToArray();
        ShardStatus first = shard.Commit(request);
        float[] after = shard.Weights.ToArray();
        ShardStatus again = shard.Commit(request);

        Assert.Equal((5, false), (first.Version, first.Fenced));
        Assert.Empty(first.Units);
        Assert.Equal((5, false), (again.Version, again.Fenced));
        Assert.Equal(after, shard.Weights.ToArray());
        Assert.NotEqual(oldCopy, after);
        Assert.Equal(oldCopy, old.ToArray()); // who reads the old weights goes on reading them
        Assert.Equal(AddOutcome.Stale, shard.Add(Unit(3)));
    }

    [Fact]
    public void ASummary_NeedsEveryUnit()
    {
        ShardAccumulator shard = With([0, 1]);
        Assert.True(double.IsNaN(shard.Summarize(new SummaryRequest(new(1, 0), 4, 3, 8)).SumOfSquares));
        Assert.True(double.IsNaN(shard.Summarize(new SummaryRequest(new(1, 0), 3, 2, 8)).SumOfSquares));
        SummaryOutcome outcome = shard.Summarize(new SummaryRequest(new(1, 0), 4, 2, 8));
        Assert.True(outcome.SumOfSquares > 0);
        Assert.Equal([new UnitName(4, 0, 0), new UnitName(4, 0, 1)], outcome.Standing.Units);
    }

    [Fact]
    public void ASavedShard_GoesOnToTheSameBits()
    {
        ShardAccumulator shard = With([0, 1, 2]);
        shard.Commit(new CommitRequest(new(1, 0), 4, 3, 1, 0.1, 8, Keep: false));
        var restored = new ShardAccumulator(3, s_optimizer);
        restored.Load(0, 5, shard.State);
        foreach (ShardAccumulator each in new[] { shard, restored })
        {
            each.Add(Unit(5, step: 5));
            each.Commit(new CommitRequest(new(1, 0), 5, 1, 1, 0.1, 8, Keep: false));
        }
        Assert.Equal(6, restored.Version);
        Assert.Equal(Bits(shard.Weights.ToArray()), Bits(restored.Weights.ToArray()));
    }

    [Fact]
    public void ASnapshot_IsNotTouchedByLaterCommits()
    {
        ShardAccumulator shard = With([0]);
        shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: false));
        ShardState saved = shard.State;
        (float[] w, float[] m, float[] v) = ([.. saved.Weights], [.. saved.M], [.. saved.V]);
        shard.Add(Unit(5, step: 5));
        shard.Commit(new CommitRequest(new(1, 0), 5, 1, 1, 0.1, 8, Keep: false));
        Assert.Equal(3, saved.Index);
        Assert.Equal(w, saved.Weights);
        Assert.Equal(m, saved.M);
        Assert.Equal(v, saved.V);
    }

    [Fact]
    public void Loading_ForgetsUnitsAndSum_ButNotTheEpoch()
    {
        ShardAccumulator shard = With([0, 1]);
        shard.Accept(6);
        shard.Load(0, 4, new ShardState(3, Values(100), [], []));
        Assert.Equal(6, shard.GetStatus().Epoch);
        Assert.Empty(shard.GetStatus().Units);
        Assert.Equal(0, shard.Summarize(new SummaryRequest(new(6, 0), 4, 0, 8)).SumOfSquares);
        Assert.Equal(-1, new ShardAccumulator(0, s_optimizer).Version);
    }

    [Fact]
    public void AfterACommit_TheVersionBefore_IsThere_UntilTheNextVersionsFirstContribution()
    {
        ShardAccumulator shard = With([0, 1]);
        int[] before = Bits(shard.Weights.ToArray());
        shard.Commit(new CommitRequest(new(1, 0), 4, 2, 1, 0.1, 8, Keep: false));
        Assert.True(shard.GetStatus().Before);
        Assert.False(shard.StepBack(3));
        Assert.False(shard.StepBack(5));

        Assert.True(shard.StepBack(4));
        Assert.Equal((4, false), (shard.Version, shard.GetStatus().Before));
        Assert.Equal(before, Bits(shard.Weights.ToArray()));
        Assert.Empty(shard.GetStatus().Units);

        shard.Add(Unit(0));
        shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: false));
        shard.Add(Unit(7, step: 5));
        Assert.False(shard.GetStatus().Before);
        Assert.False(shard.StepBack(4));
    }

    [Fact]
    public void AStepTakenAgainAfterSteppingBack_EndsInTheSameBits()
    {
        ShardAccumulator straight = With([0, 1]);
        ShardAccumulator back = With([0, 1]);
        var request = new CommitRequest(new(1, 0), 4, 2, 1, 0.1, 8, Keep: false);
        straight.Commit(request);
        back.Commit(request);
        back.StepBack(4);
        back.Add(Unit(1));
        back.Add(Unit(0));
        back.Commit(request);
        Assert.Equal(Bits(straight.Weights.ToArray()), Bits(back.Weights.ToArray()));
        Assert.Equal(Bits(straight.State.M), Bits(back.State.M));
        Assert.Equal(Bits(straight.State.V), Bits(back.State.V));
    }

    [Fact]
    public void AVersionKeptForSaving_IsThere_WhileStepsGoOn_UntilItIsSaved()
    {
        ShardAccumulator shard = With([0]);
        shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: true));
        int[] kept = Bits(shard.Weights.ToArray());
        shard.Add(Unit(5, step: 5));
        shard.Commit(new CommitRequest(new(1, 0), 5, 1, 1, 0.1, 8, Keep: false));

        Assert.Equal(kept, Bits(shard.ToSave(5)!.Weights));
        Assert.Equal(Bits(shard.Weights.ToArray()), Bits(shard.ToSave(6)!.Weights));
        Assert.Null(shard.ToSave(4));
        shard.Saved(5);
        Assert.Null(shard.ToSave(5));
    }

    [Fact]
    public void WhatIsOfAnotherHistory_IsRefused_AndNothingOfItIsSaved()
    {
        ShardAccumulator shard = With([0]);
        shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: true)); // version 5 is kept for saving
        shard.Load(1, 4, new ShardState(3, Values(100), [], []));
        Assert.Null(shard.ToSave(5));

        Assert.Equal(AddOutcome.Stale, shard.Add(Unit(0)));
        Assert.Equal(AddOutcome.Added, shard.Add(Unit(0, history: 1)));
        Assert.True(double.IsNaN(shard.Summarize(new SummaryRequest(new(1, 0), 4, 1, 8)).SumOfSquares));
        Assert.Equal((4, 1), (shard.Commit(new CommitRequest(new(1, 0), 4, 1, 1, 0.1, 8, Keep: false)).Version, shard.History));
        Assert.Equal(5, shard.Commit(new CommitRequest(new(1, 1), 4, 1, 1, 0.1, 8, Keep: false)).Version);
    }

    [Fact]
    public void ALateCommit_DoesNothing_WhereTheSumIsNotWhole()
    {
        ShardAccumulator shard = With([0, 1]);
        float[] before = shard.Weights.ToArray();
        ShardStatus status = shard.Commit(new CommitRequest(new(1, 0), 4, 3, 1, 0.1, 8, Keep: false));
        Assert.Equal((4, 2), (status.Version, status.Units.Length));
        Assert.Equal(before, shard.Weights.ToArray());
        shard.Add(Unit(2));
        Assert.Equal(5, shard.Commit(new CommitRequest(new(1, 0), 4, 3, 1, 0.1, 8, Keep: false)).Version);
    }

    private static ShardAccumulator Shard()
    {
        var shard = new ShardAccumulator(3, s_optimizer);
        shard.Load(0, 4, new ShardState(3, Values(100), [], []));
        return shard;
    }

    private static ShardAccumulator With(int[] blocks)
    {
        ShardAccumulator shard = Shard();
        foreach (int block in blocks)
        {
            Assert.Equal(AddOutcome.Added, shard.Add(Unit(block)));
        }
        return shard;
    }

    private static Contribution Unit(int block, int step = 4, long epoch = 1, long history = 0) =>
        new(new(epoch, history), new UnitName(step, 0, block), Values(block));

    private static float[] Values(int seed)
    {
        var stream = new Philox(6, Purpose.Other, (uint)seed);
        return [.. Enumerable.Range(0, Length).Select(i => (float)stream.Normal((uint)i))];
    }

    private static float[] Committed(ShardAccumulator shard)
    {
        shard.Commit(new CommitRequest(shard.Token, 4, shard.GetStatus().Units.Length, 1, 0.1, 8, Keep: false));
        return shard.Weights.ToArray();
    }

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];
}
