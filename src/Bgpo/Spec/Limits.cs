namespace Bgpo.Spec;

/// <summary>An inclusive range of allowed numbers.</summary>
/// <param name="minimum">Smallest allowed value.</param>
/// <param name="maximum">Largest allowed value.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(double minimum, double maximum) : Attribute
{
    /// <summary>Smallest allowed value.</summary>
    public double Minimum { get; } = minimum;

    /// <summary>Largest allowed value.</summary>
    public double Maximum { get; } = maximum;
}

/// <summary>The only allowed words.</summary>
/// <param name="values">The words.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute(params string[] values) : Attribute
{
    /// <summary>The words.</summary>
    public string[] Values { get; } = values;
}

/// <summary>A pattern that the whole text must match.</summary>
/// <param name="regex">The regular expression, anchored at both ends by the loader.</param>
/// <param name="description">The same in words, for the error message.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string regex, string description) : Attribute
{
    /// <summary>The regular expression.</summary>
    public string Regex { get; } = regex;

    /// <summary>The same in words.</summary>
    public string Description { get; } = description;
}

/// <summary>A field that must be given and must not be empty.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;
