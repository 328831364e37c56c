using System.Collections.Frozen;
using System.Globalization;

namespace Bgpo.Tasks.Mathematics;

/// <summary>A unit of measurement.</summary>
/// <param name="Factor">What one of it is in the base units.</param>
/// <param name="Length">Power of the metre.</param>
/// <param name="Mass">Power of the gram.</param>
/// <param name="Time">Power of the second.</param>
/// <param name="Money">Power of the dollar.</param>
/// <param name="Angle">Power of the degree.</param>
internal readonly record struct Unit(
    Rational Factor, int Length = 0, int Mass = 0, int Time = 0, int Money = 0, int Angle = 0)
{
    /// <summary>Whether both measure the same kind of thing.</summary>
    /// <param name="other">The other unit.</param>
    public bool Measures(Unit other) => this with { Factor = default } == other with { Factor = default };

    /// <summary>The product with a power of another unit.</summary>
    /// <param name="other">The other unit.</param>
    /// <param name="power">-3 to 3, not 0.</param>
    public Unit Times(Unit other, int power)
    {
        Rational factor = Factor;
        for (int i = 0; i < Math.Abs(power); i++)
        {
            factor = power > 0 ? factor * other.Factor : factor / other.Factor;
        }
        return new Unit(
            factor, Length + (power * other.Length), Mass + (power * other.Mass), Time + (power * other.Time),
            Money + (power * other.Money), Angle + (power * other.Angle));
    }
}

/// <summary>The units that are known by name; other words behind a number say nothing and are passed over.</summary>
internal static class Units
{
    private const int MaxParts = 8;

    private static readonly FrozenDictionary<string, Unit> s_units = Make();

    /// <summary>Whether a word is a unit's name.</summary>
    /// <param name="word">The word; single letters count in their usual case.</param>
    public static bool IsKnown(string word) => word.Length < 16
        && (s_units.ContainsKey(word) || (word.Length > 1 && s_units.ContainsKey(word.ToLowerInvariant())));

    /// <summary>Reads a unit such as cm^2, km/h, square feet or dollars per hour.</summary>
    /// <param name="text">The words behind a number.</param>
    /// <returns>The unit, or null where a word is not one.</returns>
    public static Unit? Find(string text)
    {
        Unit found = new(1);
        int sign = 1;
        int next = 1;
        bool isAny = false;
        string[] parts = text.Replace("/", " per ", StringComparison.Ordinal)
            .Split([' ', '-', '*', '.'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length > MaxParts)
        {
            return null;
        }
        foreach (string part in parts)
        {
            switch (part)
            {
                case "per":
                    sign = -1;
                    continue;
                case "square" or "sq":
                    next = 2;
                    continue;
                case "cubic" or "cu":
                    next = 3;
                    continue;
            }
            int hat = part.IndexOf('^', StringComparison.Ordinal);
            string name = hat < 0 ? part : part[..hat];
            int power = hat < 0 ? next
                : int.TryParse(part.AsSpan(hat + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int written) ? written
                : 0;
            if (power is < 1 or > 3
                || !(s_units.TryGetValue(name, out Unit unit) || s_units.TryGetValue(name.ToLowerInvariant(), out unit)))
            {
                return null;
            }
            found = found.Times(unit, sign * power);
            (next, isAny) = (1, true);
        }
        return isAny ? found : null;
    }

    private static FrozenDictionary<string, Unit> Make()
    {
        Dictionary<string, Unit> units = new(StringComparer.Ordinal);
        void Add(Unit unit, params string[] names)
        {
            foreach (string name in names)
            {
                units.Add(name, unit);
            }
        }

        Unit Metres(int numerator, int denominator = 1) => new(Rational.Of(numerator, denominator), Length: 1);
        Unit Grams(int numerator, int denominator = 1) => new(Rational.Of(numerator, denominator), Mass: 1);
        Unit Litres(int numerator, int denominator) => new(Rational.Of(numerator, denominator), Length: 3);
        Unit Seconds(int numerator, int denominator = 1) => new(Rational.Of(numerator, denominator), Time: 1);
        Add(Metres(1, 1000), "mm", "millimeter", "millimeters", "millimetre", "millimetres");
        Add(Metres(1, 100), "cm", "centimeter", "centimeters", "centimetre", "centimetres");
        Add(Metres(1), "m", "meter", "meters", "metre", "metres");
        Add(Metres(1000), "km", "kilometer", "kilometers", "kilometre", "kilometres");
        Add(Metres(254, 10_000), "in", "inch", "inches");
        Add(Metres(3048, 10_000), "ft", "foot", "feet");
        Add(Metres(9144, 10_000), "yd", "yard", "yards");
        Add(Metres(1_609_344, 1000), "mi", "mile", "miles");
        Add(new Unit(Rational.Of(1_609_344, 3_600_000), Length: 1, Time: -1), "mph");
        Add(Litres(1, 1000), "l", "L", "liter", "liters", "litre", "litres");
        Add(Litres(1, 1_000_000), "ml", "mL", "milliliter", "milliliters", "millilitre", "millilitres");
        Add(Grams(1, 1000), "mg", "milligram", "milligrams");
        Add(Grams(1), "g", "gram", "grams");
        Add(Grams(1000), "kg", "kilogram", "kilograms");
        Add(Grams(45_359_237, 100_000), "lb", "lbs", "pound", "pounds");
        Add(Grams(45_359_237, 1_600_000), "oz", "ounce", "ounces");
        Add(Seconds(1), "s", "sec", "secs", "second", "seconds");
        Add(Seconds(60), "min", "mins", "minute", "minutes");
        Add(Seconds(3600), "h", "hr", "hrs", "hour", "hours");
        Add(Seconds(86_400), "day", "days");
        Add(Seconds(604_800), "week", "weeks");
        Add(new Unit(1, Money: 1), "dollar", "dollars", "usd");
        Add(new Unit(Rational.Of(1, 100), Money: 1), "cent", "cents");
        Add(new Unit(1, Angle: 1), "degree", "degrees", "deg");
        return units.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
