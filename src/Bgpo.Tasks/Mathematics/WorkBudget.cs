namespace Bgpo.Tasks.Mathematics;

/// <summary>What one comparison may cost, so that no answer takes long.</summary>
/// <param name="work">Units of work, each about 100 ns.</param>
/// <param name="whole">The budget that this one is a part of.</param>
internal sealed class WorkBudget(long work, WorkBudget? whole = null)
{
    private long _left = work;

    /// <summary>Whether something is left.</summary>
    public bool IsLeft => _left > 0;

    /// <summary>Pays for an operation.</summary>
    /// <param name="cost">Its cost.</param>
    /// <returns>Whether there was enough; else nothing is left.</returns>
    public bool TryPay(long cost)
    {
        _left = _left >= cost ? _left - cost : 0;
        return (whole is null || whole.TryPay(cost)) && _left > 0;
    }

    /// <summary>A budget that pays from this one, and no more than a share of it.</summary>
    /// <param name="most">The share.</param>
    public WorkBudget Share(long most) => new(Math.Min(most, _left), this);

    /// <summary>Pays for a product of two numbers.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool TryPayProduct(Rational left, Rational right) =>
        TryPay(1 + (((left.Bits * right.Bits) + left.Bits + right.Bits) >> 10));
}
