namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Whether two expressions are the same: by exact normal forms where both are quotients of polynomials, by values modulo primes
/// where both are too large for that, else by values at random points.
/// </summary>
/// <param name="budget">Pays.</param>
internal sealed class ScalarEquality(WorkBudget budget)
{
    /// <summary>What normal forms may cost: about 5 ms.</summary>
    private const long FormWork = 50_000;

    /// <summary>Whether two expressions are the same.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool AreEqual(MathNode left, MathNode right)
    {
        if (left is NumberNode { Value: var a } && right is NumberNode { Value: var b })
        {
            return a == b;
        }
        NormalForm forms = new(budget.Share(FormWork));
        Quotient? first = forms.Of(left);
        NoForm whyNot = forms.Reason;
        Quotient? second = forms.Of(right);
        NoForm whyNotEither = forms.Reason;
        if (first is not null && second is not null)
        {
            return forms.AreEqual(first, second) ?? new ModularValue(budget).AreEqual(left, right) ?? false;
        }
        if (whyNot == NoForm.Undefined || whyNotEither == NoForm.Undefined)
        {
            return false;
        }
        if (whyNot == NoForm.TooLarge && whyNotEither == NoForm.TooLarge
            && new ModularValue(budget).AreEqual(left, right) is { } isEqual)
        {
            return isEqual;
        }
        // Exactly one of them beyond the limits: they are not the same number that people write.
        return (whyNot == NoForm.NotRational || whyNotEither == NoForm.NotRational)
            && new NumericValue(budget).AreEqual(left, right);
    }

    /// <summary>Whether an expression is a number times another: the two sides of an equation, less one another.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    /// <param name="isPositive">Whether the number must be positive, as for inequalities.</param>
    public bool AreProportional(MathNode left, MathNode right, bool isPositive)
    {
        NormalForm forms = new(budget.Share(FormWork));
        return forms.Of(left) is { } first && forms.Of(right) is { } second && !first.Numerator.IsZero && !second.Numerator.IsZero
            && forms.Ratio(first, second) is { } ratio && (!isPositive || ratio.Sign > 0);
    }
}
