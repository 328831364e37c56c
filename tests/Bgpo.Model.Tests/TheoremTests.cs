using Bgpo.Spec;
using Bgpo.Units;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>The paper's theorems (arXiv 2510.11683), in double precision on a tiny network.</summary>
public sealed class TheoremTests
{
    private static readonly double[] s_mixed = [1.3, -0.7, 0.4, -1.0];

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(2, 1.0)]
    [InlineData(8, 1.0)]
    [InlineData(1, -1.0)]
    [InlineData(2, -1.0)]
    [InlineData(8, -1.0)]
    public void OnPolicy_LowerBoundEqualsElboObjective_InValueAndGradient(int samples, double sign)
    {
        using var policy = new TinyPolicy(seed: 5);
        RunSpec spec = TinyPolicy.Spec(samples);
        GroupRecord group = TinyPolicy.Group(1, sign * 1.5, sign * 0.25, sign, sign * 2);
        var pass = new GradientPass(policy.Model, spec);

        UnitOutcome bound = pass.Compute(group, new UnitId(3, 0, 0), null);
        double[] gradient = policy.Gradient();
        (double elbo, double[] elboGradient) = ElboObjective(policy, pass, spec, group, old: null);

        Assert.Equal(elbo, bound.Objective, 1e-9 * Math.Abs(elbo));
        Assert.True(TinyPolicy.RelativeError(gradient, elboGradient) < 1e-9,
            $"{TinyPolicy.RelativeError(gradient, elboGradient)}");
    }

    [Theory]
    [InlineData(Masking.Exact, Timesteps.Uniform)]
    [InlineData(Masking.Bernoulli, Timesteps.Uniform)]
    [InlineData(Masking.Exact, Timesteps.Stratified)]
    [InlineData(Masking.Bernoulli, Timesteps.Stratified)]
    public void OffPolicy_EveryEstimator_BoundsTheElboObjectiveFromBelow(Masking masking, Timesteps timesteps)
    {
        RunSpec spec = TinyPolicy.Spec(samples: 3, masking: masking, timesteps: timesteps);
        bool strict = false;
        for (ulong seed = 0; seed < 40; seed++)
        {
            using var before = new TinyPolicy(seed);
            using var now = new TinyPolicy(seed);
            Perturb(now, seed, 0.02);
            var stream = new Philox(seed, Purpose.Other, 9);
            GroupRecord group = TinyPolicy.Group(seed, [.. Enumerable.Range(0, 4).Select(c => 2 * stream.Normal((uint)c))]);
            double[] old = new GradientPass(before.Model, spec).LogLikelihoods(group, 0);
            var pass = new GradientPass(now.Model, spec);

            double bound = pass.Compute(group, new UnitId(4, 0, 0), old).Objective;
            (double elbo, _) = ElboObjective(now, pass, spec, group, old);

            Assert.True(bound <= elbo + (1e-9 * Math.Abs(elbo)), $"seed {seed}: bound {bound} above {elbo}");
            strict |= bound < elbo - (1e-6 * Math.Abs(elbo));
        }
        Assert.True(strict, "the weights moved too little to tell the bound from the objective");
    }

    [Fact]
    public void OffPolicy_GradientOfTheBound_IsItsDerivative()
    {
        RunSpec spec = TinyPolicy.Spec(samples: 2);
        using var before = new TinyPolicy(1);
        using var now = new TinyPolicy(1);
        Perturb(now, 2, 0.02);
        GroupRecord group = TinyPolicy.Group(7, s_mixed);
        double[] old = new GradientPass(before.Model, spec).LogLikelihoods(group, 0);
        var pass = new GradientPass(now.Model, spec);
        pass.Compute(group, new UnitId(4, 0, 0), old);
        double[] gradient = now.Gradient();

        double norm = Math.Sqrt(gradient.Sum(g => g * g));
        const double step = 1e-5;
        double Along(double distance)
        {
            using var moved = new TinyPolicy(1);
            using (no_grad())
            {
                using IDisposable scope = NewDisposeScope();
                _ = moved.Model.Parameters.copy_(now.Model.Parameters);
                _ = moved.Model.Parameters.add_(tensor(gradient), -distance / norm);
            }
            return new GradientPass(moved.Model, spec).Compute(group, new UnitId(4, 0, 0), old).Objective;
        }
        // The gradient is that of the loss, minus the objective: against it the objective rises at the rate of its norm.
        Assert.Equal(norm, (Along(step) - Along(-step)) / (2 * step), 1e-6 * norm);
    }

    [Fact]
    public void OneSampleAtATime_GivesTheGradientOfOneGraph()
    {
        using var policy = new TinyPolicy(3);
        GroupRecord group = TinyPolicy.Group(2, s_mixed);

        UnitOutcome whole = new GradientPass(policy.Model, TinyPolicy.Spec(8)).Compute(group, new UnitId(3, 0, 0), null);
        double[] oneGraph = policy.Gradient();
        UnitOutcome single = new GradientPass(policy.Model, TinyPolicy.Spec(8, microbatch: 1))
            .Compute(group, new UnitId(3, 0, 0), null);

        Assert.True(TinyPolicy.RelativeError(policy.Gradient(), oneGraph) < 1e-12);
        Assert.Equal(whole.Objective, single.Objective, 1e-12);
    }

    [Fact]
    public void UnitsOfAGroup_AddUpToTheGroup()
    {
        using var policy = new TinyPolicy(3);
        GroupRecord group = TinyPolicy.Group(2, s_mixed);
        new GradientPass(policy.Model, TinyPolicy.Spec(8)).Compute(group, new UnitId(3, 0, 0), null);
        double[] whole = policy.Gradient();

        RunSpec cut = TinyPolicy.Spec(8, unitSamples: 5, microbatch: 2);
        var pass = new GradientPass(policy.Model, cut);
        var sum = new double[whole.Length];
        foreach (UnitId unit in new UnitPlan(cut).UnitsOf(3, 0))
        {
            pass.Compute(group, unit, null);
            sum = [.. sum.Zip(policy.Gradient(), (a, b) => a + b)];
        }

        Assert.True(TinyPolicy.RelativeError(sum, whole) < 1e-12);
    }

    [Fact]
    public void AUnit_IsTheSameBits_WhateverTheDeviceDidBefore()
    {
        using var policy = new TinyPolicy(3, ScalarType.Float32);
        GroupRecord group = TinyPolicy.Group(2, s_mixed);
        var pass = new GradientPass(policy.Model, TinyPolicy.Spec(4));
        pass.Compute(group, new UnitId(3, 0, 0), null);
        double[] first = policy.Gradient();
        pass.Compute(TinyPolicy.Group(9, 3, 1, -2, 0.5), new UnitId(3, 0, 0), null);

        pass.Compute(group, new UnitId(3, 0, 0), null);

        Assert.Equal(first, policy.Gradient());
    }

    /// <summary>
    /// A exp(mean_j d_j) summed over completions, with all n_t graphs of a completion alive at once, and minus its gradient.
    /// </summary>
    private static (double Value, double[] Gradient) ElboObjective(
        TinyPolicy policy, GradientPass pass, RunSpec spec, GroupRecord group, double[]? old)
    {
        SampleId[] samples = [.. new UnitPlan(spec).SamplesOf(0)];
        using IDisposable scope = NewDisposeScope();
        policy.Model.BindGradients();
        using var all = new MaskedLikelihood(policy.Model, pass.Masked(group, samples));
        Tensor objective = zeros(1, dtype: ScalarType.Float64);
        for (int c = 0; c < group.Completions.Length; c++)
        {
            double[] share = [.. samples.Select(sample => sample.Completion == c ? 1.0 / spec.Objective.Samples : 0)];
            Tensor estimate = all.Weighted(share); // Bhat_theta
            double reference = old is null
                ? estimate.detach().item<double>()
                : samples.Select((sample, i) => share[i] * old[i]).Sum();
            objective = objective + ((estimate - reference).exp() * group.Advantages[c]);
        }
        (-objective).backward();
        return (objective.item<double>(), policy.Gradient());
    }

    private static void Perturb(TinyPolicy policy, ulong seed, double size)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        var stream = new Philox(seed, Purpose.Other, 17);
        double[] noise = [.. Enumerable.Range(0, (int)policy.Model.Layout.Length).Select(i => size * stream.Normal((uint)i))];
        _ = policy.Model.Parameters.add_(tensor(noise));
    }
}
