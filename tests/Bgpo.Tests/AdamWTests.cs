using Bgpo.Optimizer;
using Bgpo.Spec;

namespace Bgpo.Tests;

/// <summary>AdamW on a shard, held to a plain twin in double precision.</summary>
public sealed class AdamWTests
{
    private const int Length = 53; // three vectors of 16 and a tail of 5

    private static readonly OptimizerSection s_settings = new() { WeightDecay = 0.1, Beta2 = 0.99 };

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.25)]
    public void FiftySteps_FollowTheTwinInDouble(double clip)
    {
        var shard = new Shard(Length);
        var twin = new Twin(Length);
        for (int step = 1; step <= 50; step++)
        {
            float[] gradient = Gradient(Length, step);
            shard.Step(gradient, clip, step, 0, Length);
            twin.Step(gradient, clip, step);
        }
        for (int i = 0; i < Length; i++)
        {
            Assert.Equal(twin.Weights[i], shard.Weights[i], 1e-5);
            Assert.Equal(twin.First[i], shard.First[i], 1e-5);
            Assert.Equal(twin.Second[i], shard.Second[i], 1e-5);
        }
        // The steps must have moved the weights by far more than that tolerance.
        Assert.True(twin.Weights.Zip(Start(Length), (a, b) => Math.Abs(a - b)).Min() > 1e-3);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(48)]
    public void WhereAShardIsCut_DoesNotChangeABit(int cut)
    {
        var whole = new Shard(Length);
        var parts = new Shard(Length);
        for (int step = 1; step <= 20; step++)
        {
            float[] gradient = Gradient(Length, step);
            whole.Step(gradient, 0.7, step, 0, Length);
            for (int at = 0; at < Length; at += cut)
            {
                parts.Step(gradient, 0.7, step, at, Math.Min(cut, Length - at));
            }
        }
        Assert.Equal(Bits(whole.Weights), Bits(parts.Weights));
        Assert.Equal(Bits(whole.First), Bits(parts.First));
        Assert.Equal(Bits(whole.Second), Bits(parts.Second));
    }

    [Fact]
    public void AZeroGradient_LeavesTheWeights_ButForDecay()
    {
        var still = new Shard(Length);
        still.Step(new float[Length], 1, 1, 0, Length, s_settings with { WeightDecay = 0 });
        Assert.Equal(Start(Length), still.Weights);

        var decayed = new Shard(Length);
        decayed.Step(new float[Length], 1, 1, 0, Length);
        Assert.Equal(Start(Length).Select(w => w * (float)(1 - (0.01 * 0.1))), decayed.Weights);
    }

    [Fact]
    public void WeightDecay_IsDecoupled_FromMomentsAndGradientScale()
    {
        var plain = new Shard(Length);
        var decayed = new Shard(Length);
        plain.Step(Gradient(Length, 1), 1, 1, 0, Length, s_settings with { WeightDecay = 0 });
        decayed.Step(Gradient(Length, 1), 1, 1, 0, Length);
        Assert.Equal(plain.First, decayed.First);
        Assert.Equal(plain.Second, decayed.Second);
        for (int i = 0; i < Length; i++)
        {
            Assert.Equal(0.01 * 0.1 * Start(Length)[i], plain.Weights[i] - decayed.Weights[i], 3e-7);
        }
    }

    [Fact]
    public void TheFirstStep_IsTheRateLong_WhateverTheGradientsSize()
    {
        // Bias correction: m / (1 - beta1) = g and sqrt(v / (1 - beta2)) = |g|, so the step is the rate times the sign.
        var shard = new Shard(3);
        shard.Step([1000f, -1f, 0.01f], 1, 1, 0, 3, s_settings with { WeightDecay = 0 });
        float[] moved = [.. shard.Weights.Zip(Start(3), (a, b) => a - b)];
        Assert.Equal(-0.01f, moved[0], 1e-6);
        Assert.Equal(0.01f, moved[1], 1e-6);
        Assert.Equal(-0.01f, moved[2], 1e-6);
    }

    [Theory]
    [InlineData(0.5, 1.0, 1.0)]
    [InlineData(1.0, 1.0, 1.0)]
    [InlineData(4.0, 1.0, 0.25)]
    [InlineData(4.0, 2.0, 0.5)]
    [InlineData(4.0, 0.0, 1.0)]
    [InlineData(0.0, 1.0, 1.0)]
    public void ClipFactor_BringsTheNormDownToTheLimit(double norm, double limit, double expected) =>
        Assert.Equal(expected, AdamW.ClipFactor(norm, limit));

    [Fact]
    public void ArraysOfDifferentLengths_AreRefused()
    {
        float[] three = new float[3];
        foreach ((int m, int v, int g) in new[] { (2, 3, 3), (3, 2, 3), (3, 3, 2) })
        {
            Assert.Throws<ArgumentException>(
                () => AdamW.Step(three, new float[m], new float[v], new float[g], s_settings, 0.1, 1, 1));
        }
    }

    private static float[] Start(int length)
    {
        var stream = new Philox(1, Purpose.Other);
        return [.. Enumerable.Range(0, length).Select(i => (float)stream.Normal((uint)i))];
    }

    private static float[] Gradient(int length, int step)
    {
        var stream = new Philox(2, Purpose.Other, (uint)step);
        return [.. Enumerable.Range(0, length).Select(i => (float)((stream.Normal((uint)i) * 0.1) + 0.3))];
    }

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    private sealed class Shard(int length)
    {
        public float[] Weights { get; } = Start(length);

        public float[] First { get; } = new float[length];

        public float[] Second { get; } = new float[length];

        public void Step(float[] gradient, double clip, int step, int from, int count, OptimizerSection? settings = null) =>
            AdamW.Step(
            Weights.AsSpan(from, count), First.AsSpan(from, count), Second.AsSpan(from, count), gradient.AsSpan(from, count),
            settings ?? s_settings, 0.01, clip, step);
    }

    /// <summary>Algorithm 2 of Loshchilov and Hutter, as written there.</summary>
    private sealed class Twin(int length)
    {
        public double[] Weights { get; } = [.. Start(length).Select(w => (double)w)];

        public double[] First { get; } = new double[length];

        public double[] Second { get; } = new double[length];

        public void Step(float[] gradient, double clip, int step)
        {
            for (int i = 0; i < gradient.Length; i++)
            {
                double g = gradient[i] * clip;
                First[i] = (s_settings.Beta1 * First[i]) + ((1 - s_settings.Beta1) * g);
                Second[i] = (s_settings.Beta2 * Second[i]) + ((1 - s_settings.Beta2) * g * g);
                double m = First[i] / (1 - Math.Pow(s_settings.Beta1, step));
                double v = Second[i] / (1 - Math.Pow(s_settings.Beta2, step));
                Weights[i] -= 0.01 * ((m / (Math.Sqrt(v) + s_settings.Epsilon)) + (s_settings.WeightDecay * Weights[i]));
            }
        }
    }
}
