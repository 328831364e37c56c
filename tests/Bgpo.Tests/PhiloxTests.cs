namespace Bgpo.Tests;

/// <summary>The counter-based generator: its published vectors, and that its numbers are what they are said to be.</summary>
public sealed class PhiloxTests
{
    /// <summary>Worked out apart from this code, for seed 1, masks, step 2, item 3, draw 4.</summary>
    private static readonly uint[] s_pinned = [1893650366, 883488647, 2554774589, 361320611, 188798548];

    /// <summary>The known answers that Random123 ships for Philox4x32-10.</summary>
    [Theory]
    [InlineData(
        new uint[] { 0, 0, 0, 0 }, new uint[] { 0, 0 },
        new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 })]
    [InlineData(
        new uint[] { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, new uint[] { 0xffffffff, 0xffffffff },
        new uint[] { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd })]
    [InlineData(
        new uint[] { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, new uint[] { 0xa4093822, 0x299f31d0 },
        new uint[] { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 })]
    public void Rounds_GiveThePublishedAnswers(uint[] counter, uint[] key, uint[] expected)
    {
        (uint a, uint b, uint c, uint d) = Philox.Rounds(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
        Assert.Equal(expected, (uint[])[a, b, c, d]);
    }

    [Fact]
    public void AStream_NeverChangesFromVersionToVersion()
    {
        // Runs recorded with an older build must replay: these numbers are part of the format of a run.
        var stream = new Philox(1, Purpose.Mask, step: 2, item: 3, draw: 4);
        Assert.Equal(s_pinned,
            (uint[])[stream.UInt32(0), stream.UInt32(1), stream.UInt32(2), stream.UInt32(3), stream.UInt32(4)]);
    }

    [Fact]
    public void UInt32_ReadsTheBlocksInOrder()
    {
        var stream = new Philox(7, Purpose.Other, 1, 2, 3);
        for (uint block = 0; block < 5; block++)
        {
            (uint a, uint b, uint c, uint d) = stream.Block(block);
            Assert.Equal([a, b, c, d], Enumerable.Range(0, 4).Select(i => stream.UInt32((4 * block) + (uint)i)));
        }
    }

    [Fact]
    public void StreamsOfDifferentAddresses_ShareNothing()
    {
        Philox[] streams =
        [
            new(1, Purpose.Mask), new(2, Purpose.Mask), new(1, Purpose.Rollout), new(1, Purpose.Mask, step: 1),
            new(1, Purpose.Mask, item: 1), new(1, Purpose.Mask, draw: 1), new(ulong.MaxValue, Purpose.Mask),
            new(1, Purpose.Mask, uint.MaxValue, uint.MaxValue, uint.MaxValue),
        ];
        ulong[] numbers = [.. streams.SelectMany(stream =>
            Enumerable.Range(0, 100).Select(i => ((ulong)stream.UInt32(2 * (uint)i) << 32) | stream.UInt32((2 * (uint)i) + 1)))];
        Assert.Distinct(numbers);
    }

    [Fact]
    public void TheSameAddress_GivesTheSameNumbers()
    {
        var one = new Philox(5, Purpose.Dataset, 1, 2, 3);
        var other = new Philox(5, Purpose.Dataset, 1, 2, 3);
        // Asked in another order: there is no state to disturb.
        uint[] forward = [.. Enumerable.Range(0, 50).Select(i => one.UInt32((uint)i))];
        uint[] backward = [.. Enumerable.Range(0, 50).Select(i => other.UInt32(49 - (uint)i)).Reverse()];
        Assert.Equal(forward, backward);
    }

    [Fact]
    public void Doubles_LieInTheOpenUnitInterval_AndFillItEvenly()
    {
        var stream = new Philox(11, Purpose.Other);
        const int n = 100_000;
        var counts = new int[100];
        for (uint i = 0; i < n; i++)
        {
            double u = stream.Double(i);
            Assert.True(u > 0 && u < 1, $"double {i} is {u}");
            counts[(int)(u * counts.Length)]++;
        }
        Assert.InRange(ChiSquare(counts, n / (double)counts.Length), 50, 160); // 99 degrees of freedom: mean 99, std 14
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(97)]
    public void Below_IsUnbiased(int bound)
    {
        var stream = new Philox(12, Purpose.Other, (uint)bound);
        const int n = 50_000;
        var counts = new int[bound];
        for (uint i = 0; i < n; i++)
        {
            counts[stream.Below(i, bound)]++;
        }
        // Mean bound - 1, std sqrt(2 (bound - 1)): five deviations leave room for no bias of note.
        Assert.InRange(ChiSquare(counts, n / (double)bound), 0, bound - 1 + (5 * Math.Sqrt(2.0 * bound)));
    }

    [Fact]
    public void Below_RefusesABoundBelowOne() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Philox(1, Purpose.Other).Below(0, 0));

    [Fact]
    public void Normals_HaveTheMomentsOfTheNormal()
    {
        var stream = new Philox(13, Purpose.Other);
        const int n = 100_000;
        double[] x = [.. Enumerable.Range(0, n).Select(i => stream.Normal((uint)i))];
        Assert.Equal(0, x.Average(), 0.015);
        Assert.Equal(1, x.Average(v => v * v), 0.025);
        Assert.Equal(0, x.Average(v => v * v * v), 0.06);
        Assert.Equal(3, x.Average(v => v * v * v * v), 0.2);
        Assert.Equal(0, x.Skip(1).Zip(x, (a, b) => a * b).Average(), 0.015);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(57)]
    public void Shuffle_IsAPermutation(int length)
    {
        int[] items = [.. Enumerable.Range(0, length)];
        new Philox(3, Purpose.Dataset, (uint)length).Shuffle(items.AsSpan());
        Assert.Equal(Enumerable.Range(0, length), items.Order());
        Assert.True(length < 3 || !items.SequenceEqual(Enumerable.Range(0, length)));
    }

    [Fact]
    public void Shuffle_FindsEveryOrderEquallyOften()
    {
        var counts = new int[24];
        const int n = 24_000;
        for (uint i = 0; i < n; i++)
        {
            int[] items = [0, 1, 2, 3];
            new Philox(4, Purpose.Dataset, i).Shuffle(items.AsSpan());
            int rank = (items[0] * 6) + (items.Skip(1).Count(v => v < items[1]) * 2) + (items[2] > items[3] ? 1 : 0);
            counts[rank]++;
        }
        Assert.InRange(ChiSquare(counts, n / 24.0), 0, 57); // 23 degrees of freedom: mean 23, std 6.8
    }

    [Fact]
    public void Items_AreDistinct_AndRefuseWhatDoesNotFit()
    {
        Assert.Equal(0x0003_0005u, Philox.Item(3, 5));
        Assert.Equal(0xFFFF_FFFFu, Philox.Item(0xFFFF, 0xFFFF));
        Assert.Throws<ArgumentOutOfRangeException>(() => Philox.Item(0x10000, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Philox.Item(0, 0x10000));
        Assert.Throws<ArgumentOutOfRangeException>(() => Philox.Item(-1, 0));
    }

    private static double ChiSquare(int[] counts, double expected) =>
        counts.Sum(count => (count - expected) * (count - expected) / expected);
}
