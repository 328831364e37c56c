using System.Text;

namespace Orleans.Runtime;

/// <summary>The name under which a grain class is known in the cluster.</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainType : IEquatable<GrainType>, IComparable<GrainType>
{
    [Id(0)]
    private readonly IdSpan _value;

    /// <summary>Wraps <paramref name="id"/>.</summary>
    public GrainType(IdSpan id) => _value = id;

    /// <summary>Wraps the UTF-8 bytes <paramref name="value"/>.</summary>
    public GrainType(byte[] value) => _value = new IdSpan(value);

    /// <summary>The name's bytes.</summary>
    public IdSpan Value => _value;

    /// <summary>True for the value made by <c>default</c>.</summary>
    public bool IsDefault => _value.IsDefault;

    /// <summary>The grain type named <paramref name="value"/>.</summary>
    public static GrainType Create(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return new(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>The name's bytes.</summary>
    public ReadOnlySpan<byte> AsSpan() => _value.AsSpan();

    /// <summary>A hash that is the same in every process.</summary>
    public uint GetUniformHashCode() => _value.GetUniformHashCode();

    /// <inheritdoc/>
    public bool Equals(GrainType obj) => _value.Equals(obj._value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(GrainType other) => _value.CompareTo(other._value);

    /// <inheritdoc/>
    public override string ToString() => _value.ToString();

    /// <summary>Equality of names.</summary>
    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    /// <summary>Inequality of names.</summary>
    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}
