using System.Numerics;
using Bgpo.Objectives;
using Bgpo.Spec;

namespace Bgpo.Tests;

/// <summary>The Monte Carlo samples of the ELBO: right on average, and the same wherever they are drawn.</summary>
public sealed class MonteCarloTests
{
    private const int Toy = 4;

    /// <summary>What a toy network would say of a token under each mask of four tokens: depends on all that is masked.</summary>
    private static readonly double[] s_value =
        [.. Enumerable.Range(0, 1 << Toy).Select(m => -0.3 - (0.7 * Math.Sin(5 * m) * Math.Sin(5 * m)))];

    [Theory]
    [InlineData(Masking.Exact, Timesteps.Uniform)]
    [InlineData(Masking.Exact, Timesteps.Stratified)]
    [InlineData(Masking.Bernoulli, Timesteps.Uniform)]
    [InlineData(Masking.Bernoulli, Timesteps.Stratified)]
    public void EveryEstimator_IsRightOnAverage(Masking masking, Timesteps timesteps)
    {
        // A large smallest t, so that how t is kept above it shows in the mean.
        ObjectiveSection objective = Settings(masking, timesteps, samples: 4) with { MinTimestep = 0.3 };
        const int items = 30_000;
        double sum = 0, squares = 0;
        for (uint item = 0; item < items; item++)
        {
            double mean = Enumerable.Range(0, 4).Average(j => Estimate(objective, item, j));
            sum += mean;
            squares += mean * mean;
        }
        double average = sum / items;
        double error = Math.Sqrt(((squares / items) - (average * average)) / items);
        double expected = masking == Masking.Exact ? ExactExpectation() : BernoulliExpectation(objective.MinTimestep);
        Assert.True(error < 0.02 * Math.Abs(expected), $"too few draws to tell: {error}");
        Assert.Equal(expected, average, 4 * error);
    }

    [Fact]
    public void ExactAndBernoulliMasks_EstimateTheSameElbo() =>
        Assert.Equal(ExactExpectation(), BernoulliExpectation(1e-9), 1e-6);

    [Theory]
    [InlineData(Masking.Exact)]
    [InlineData(Masking.Bernoulli)]
    public void EveryTokenAlike_GivesTheFullLikelihood(Masking masking)
    {
        // Each token worth -1 whatever is masked: the ELBO is -L, for any smallest t.
        ObjectiveSection objective = Settings(masking, Timesteps.Uniform, 1) with { MinTimestep = 0.2 };
        const int items = 40_000;
        double sum = 0;
        var mask = new bool[10];
        for (uint item = 0; item < items; item++)
        {
            sum -= MonteCarlo.Draw(objective, 1, 0, item, 0, mask) * mask.Count(m => m);
        }
        Assert.Equal(-10, sum / items, masking == Masking.Exact ? 1e-9 : 0.15);
    }

    [Fact]
    public void ExactMasks_HaveKTokens_AndEverySetOfThemEquallyOften()
    {
        for (int k = 1; k <= 6; k++)
        {
            var counts = new Dictionary<int, int>();
            const int n = 6_000;
            var mask = new bool[6];
            for (uint i = 0; i < n; i++)
            {
                Assert.Equal(6.0 / k, MonteCarlo.Exact(new Philox(2, Purpose.Mask, i), k, mask));
                int set = Set(mask);
                Assert.Equal(k, BitOperations.PopCount((uint)set));
                counts[set] = counts.GetValueOrDefault(set) + 1;
            }
            int sets = Binomial(6, k);
            Assert.Equal(sets, counts.Count);
            double chi = counts.Values.Sum(c => (c - ((double)n / sets)) * (c - ((double)n / sets)) * sets / n);
            Assert.InRange(chi, 0, sets - 1 + (5 * Math.Sqrt(2.0 * sets)));
        }
    }

    [Fact]
    public void ExactCounts_AreUniformOnOneToL()
    {
        var counts = new int[8];
        const int n = 16_000;
        var mask = new bool[8];
        for (uint item = 0; item < n; item++)
        {
            double weight = MonteCarlo.Draw(Settings(Masking.Exact, Timesteps.Uniform, 1), 3, 0, item, 0, mask);
            int k = mask.Count(m => m);
            Assert.Equal(8.0 / k, weight);
            counts[k - 1]++;
        }
        Assert.InRange(counts.Sum(c => (c - 2000.0) * (c - 2000.0) / 2000), 0, 26); // 7 degrees of freedom
    }

    [Fact]
    public void StratifiedTimesteps_AreSpreadEvenly()
    {
        var mask = new bool[8];
        for (uint item = 0; item < 200; item++)
        {
            // With exact masks and n_t = L, every k from 1 to L comes once.
            int[] k = [.. Enumerable.Range(0, 8).Select(j =>
            {
                MonteCarlo.Draw(Settings(Masking.Exact, Timesteps.Stratified, 8), 4, 0, item, j, mask);
                return mask.Count(m => m);
            })];
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], k.Order());

            // With Bernoulli masks the weight tells t; consecutive ones are 1 / n_t apart.
            ObjectiveSection bernoulli = Settings(Masking.Bernoulli, Timesteps.Stratified, 5);
            double[] t = [.. Enumerable.Range(0, 5).Select(j =>
                ((1 / MonteCarlo.Draw(bernoulli, 4, 0, item, j, mask)) - bernoulli.MinTimestep) / (1 - bernoulli.MinTimestep))
                    .Order()];
            Assert.All(t.Skip(1).Zip(t, (a, b) => a - b), gap => Assert.Equal(0.2, gap, 1e-9));
        }
    }

    [Fact]
    public void UniformTimesteps_AreDrawnAlone()
    {
        var mask = new bool[8];
        ObjectiveSection objective = Settings(Masking.Bernoulli, Timesteps.Uniform, 2);
        double product = 0;
        for (uint item = 0; item < 4000; item++)
        {
            product += ((1 / MonteCarlo.Draw(objective, 4, 0, item, 0, mask)) - 0.505) * (
                (1 / MonteCarlo.Draw(objective, 4, 0, item, 1, mask)) - 0.505);
        }
        Assert.Equal(0, product / 4000, 0.006);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.3)]
    public void MinTimestep_BoundsTheBernoulliWeight(double smallest)
    {
        ObjectiveSection objective = Settings(Masking.Bernoulli, Timesteps.Uniform, 1) with { MinTimestep = smallest };
        var mask = new bool[4];
        double most = Enumerable.Range(0, 20_000).Max(item => MonteCarlo.Draw(objective, 5, 0, (uint)item, 0, mask));
        Assert.InRange(most, 0.9 / smallest, 1 / smallest);
    }

    [Theory]
    [InlineData(Masking.Exact, Timesteps.Uniform)]
    [InlineData(Masking.Bernoulli, Timesteps.Stratified)]
    public void TheAddressAlone_DecidesTheSample(Masking masking, Timesteps timesteps)
    {
        ObjectiveSection objective = Settings(masking, timesteps, 4);
        (double Weight, string Mask) At(ulong seed, int step, uint item, int draw)
        {
            var mask = new bool[40];
            double weight = MonteCarlo.Draw(objective, seed, step, item, draw, mask);
            return (weight, string.Concat(mask.Select(m => m ? '1' : '0')));
        }
        (double, string) first = At(1, 2, 3, 1);
        string[] others = [At(2, 2, 3, 1).Mask, At(1, 3, 3, 1).Mask, At(1, 2, 4, 1).Mask, At(1, 2, 3, 2).Mask];
        Assert.Equal(first, At(1, 2, 3, 1));
        Assert.Distinct([first.Item2, .. others]);
    }

    [Fact]
    public void AResponseOfOneToken_IsAlwaysMasked()
    {
        var mask = new bool[1];
        for (uint item = 0; item < 100; item++)
        {
            Assert.Equal(1, MonteCarlo.Draw(Settings(Masking.Exact, Timesteps.Uniform, 1), 1, 0, item, 0, mask));
            Assert.True(mask[0]);
        }
    }

    private static ObjectiveSection Settings(Masking masking, Timesteps timesteps, int samples) =>
        new() { Masking = masking, Timesteps = timesteps, Samples = samples };

    private static double Estimate(ObjectiveSection objective, uint item, int draw)
    {
        Span<bool> mask = stackalloc bool[Toy];
        double weight = MonteCarlo.Draw(objective, 21, 6, item, draw, mask);
        int set = Set(mask);
        return weight * BitOperations.PopCount((uint)set) * s_value[set];
    }

    /// <summary>
    /// k uniform on 1..L, each set of k alike, weight L / k, k masked tokens: every set adds its value / C(L, k).
    /// </summary>
    private static double ExactExpectation() => Enumerable.Range(1, (1 << Toy) - 1)
        .Sum(set => s_value[set] / Binomial(Toy, BitOperations.PopCount((uint)set)));

    /// <summary>The same with t uniform on [smallest, 1] and weight 1 / t, integrated by Simpson's rule.</summary>
    private static double BernoulliExpectation(double smallest) => Enumerable.Range(1, (1 << Toy) - 1).Sum(set =>
    {
        int k = BitOperations.PopCount((uint)set);
        const int n = 2000;
        double h = (1 - smallest) / n;
        double integral = 0;
        for (int i = 0; i <= n; i++)
        {
            double t = smallest + (i * h);
            double weight = i == 0 || i == n ? 1 : i % 2 == 0 ? 2 : 4;
            integral += weight * Math.Pow(t, k - 1) * Math.Pow(1 - t, Toy - k);
        }
        return k * s_value[set] * integral * h / 3 / (1 - smallest);
    });

    private static int Set(ReadOnlySpan<bool> mask)
    {
        int set = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            set |= mask[i] ? 1 << i : 0;
        }
        return set;
    }

    private static int Binomial(int n, int k) => k == 0 ? 1 : Binomial(n - 1, k - 1) * n / k;
}
