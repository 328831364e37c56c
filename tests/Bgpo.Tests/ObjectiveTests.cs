using Bgpo.Objectives;
using FsCheck;
using FsCheck.Fluent;

namespace Bgpo.Tests;

/// <summary>The terms of the lower bound: both branches, their derivatives, and that they bound the ELBO objective.</summary>
public sealed class ObjectiveTests
{
    [Theory]
    [InlineData(2.0, 0.0, 4, 0.5, 0.5)] // on-policy: A / n_t, in value and derivative
    [InlineData(-2.0, 0.0, 4, -0.5, -0.5)]
    [InlineData(2.0, 0.5, 1, 3.0, 2.0)] // A (1 + d)
    [InlineData(2.0, -1.0, 1, 0.0, 2.0)]
    [InlineData(2.0, -3.0, 2, -2.0, 1.0)] // d below -1: negative, not NaN
    [InlineData(0.0, 5.0, 2, 0.0, 0.0)]
    public void Terms_FollowTheFormula(double advantage, double d, int samples, double value, double derivative)
    {
        ObjectiveTerm term = Objective.Term(advantage, d, samples, 20);
        Assert.Equal(new ObjectiveTerm(value, derivative, false), term);
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(-1.5)]
    public void Derivatives_AreThoseOfTheValues(double advantage)
    {
        for (double d = -6; d < 6; d += 0.37)
        {
            const double h = 1e-5;
            double slope = (Objective.Term(advantage, d + h, 3, 20).Value - Objective.Term(advantage, d - h, 3, 20).Value) / (
                2 * h);
            Assert.Equal(slope, Objective.Term(advantage, d, 3, 20).Derivative, 1e-8 * (1 + Math.Abs(slope)));
        }
    }

    [Fact]
    public void TheBound_ActsOnlyOnNegativeAdvantages_AndIsTold()
    {
        Assert.Equal(new ObjectiveTerm(-Math.Exp(20), -Math.Exp(20), true), Objective.Term(-1, 20.001, 1, 20));
        Assert.Equal(new ObjectiveTerm(-Math.Exp(20), -Math.Exp(20), true), Objective.Term(-1, double.PositiveInfinity, 1, 20));
        Assert.False(Objective.Term(-1, 20, 1, 20).Bounded);
        Assert.Equal(new ObjectiveTerm(1001, 1, false), Objective.Term(1, 1000, 1, 20));
    }

    [Fact]
    public void AHugeNegativeRatio_StaysFinite()
    {
        ObjectiveTerm gone = Objective.Term(-1, -1e9, 2, 20);
        Assert.Equal((0, 0, false), (gone.Value + 0, gone.Derivative + 0, gone.Bounded));
        Assert.True(double.IsFinite(Objective.Term(1, -1e9, 2, 20).Value));
    }

    [Fact]
    public void TheSumOfTerms_NeverExceedsTheElboObjective()
    {
        Gen<(double Advantage, double[] Ratios)> cases =
            from advantage in Gen.Choose(-3_000, 3_000)
            from ratios in Gen.Choose(-6_000, 6_000).Select(d => d / 1000.0).NonEmptyListOf()
            select (advantage / 1000.0, ratios.ToArray());
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(new Replay(new Rnd(20251013, 5), null)),
            Prop.ForAll(cases.ToArbitrary(), drawn =>
        {
            double bound = drawn.Ratios.Sum(d => Objective.Term(drawn.Advantage, d, drawn.Ratios.Length, 20).Value);
            double elbo = Objective.ElboBased(drawn.Advantage, drawn.Ratios);
            return bound <= elbo + (1e-12 * (Math.Abs(elbo) + Math.Abs(bound)));
        }));
    }

    [Fact]
    public void EqualRatiosOfANegativeAdvantage_MakeTheBoundTight() =>
        Assert.Equal(
            Objective.ElboBased(-1.3, [0.4, 0.4, 0.4]),
            3 * Objective.Term(-1.3, 0.4, 3, 20).Value, 1e-14);

    [Fact]
    public void TheElboObjective_IsTheExponentialOfTheMean() =>
        Assert.Equal(2 * Math.Exp(0.5), Objective.ElboBased(2, [0, 1]), 1e-14);
}
