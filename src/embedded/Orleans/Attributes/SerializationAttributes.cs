namespace Orleans;

/// <summary>How members get ids that carry none of their own.</summary>
public enum GenerateFieldIds
{
    /// <summary>Only members with an <see cref="IdAttribute"/> are serialized.</summary>
    None,

    /// <summary>Public properties without an id get one from their name.</summary>
    PublicProperties,
}

/// <summary>Marks a type whose members with an <see cref="IdAttribute"/> are copied and serialized.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>How members get ids that carry none; <see cref="GenerateFieldIds.None"/> by default.</summary>
    public GenerateFieldIds GenerateFieldIds { get; init; }

    /// <summary>Whether the parameters of a primary constructor are members by their position; true for records by default.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; }
}

/// <summary>The number under which a member is serialized: unique within the class that declares it, and never reused.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method
    | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
public sealed class IdAttribute : Attribute
{
    /// <summary>Gives the member the number <paramref name="id"/>.</summary>
    public IdAttribute(uint id) => Id = id;

    /// <summary>The number.</summary>
    public uint Id { get; }
}

/// <summary>The name under which a type, interface or method is known on the wire, whatever it is called in code.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method
    | AttributeTargets.Interface, AllowMultiple = true)]
public sealed class AliasAttribute : Attribute
{
    /// <summary>Gives the type or method the name <paramref name="alias"/>.</summary>
    public AliasAttribute(string alias) => Alias = alias;

    /// <summary>The name.</summary>
    public string Alias { get; }
}

/// <summary>Promises that nobody changes the object after it is sent, so that it is passed by reference within a process.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Property | AttributeTargets.Field
    | AttributeTargets.Parameter | AttributeTargets.ReturnValue, Inherited = false)]
public sealed class ImmutableAttribute : Attribute;

/// <summary>How long callers of the method wait for its answer.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute : Attribute
{
    /// <summary>Waits for <paramref name="timeout"/>, a <see cref="TimeSpan"/> in text such as <c>00:00:02</c>.</summary>
    public ResponseTimeoutAttribute(string timeout) => Timeout = TimeSpan.Parse(timeout);

    /// <summary>The time to wait.</summary>
    public TimeSpan? Timeout { get; init; }
}
