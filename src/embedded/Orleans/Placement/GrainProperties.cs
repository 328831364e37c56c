using System.Collections.Immutable;

namespace Orleans.Metadata;

/// <summary>What a cluster knows of a grain class: text by text.</summary>
[GenerateSerializer, Immutable]
public sealed class GrainProperties
{
    /// <summary>Properties that are <paramref name="values"/>.</summary>
    public GrainProperties(ImmutableDictionary<string, string> values) => Properties = values;

    /// <summary>The properties.</summary>
    [Id(0)]
    public ImmutableDictionary<string, string> Properties { get; }
}
