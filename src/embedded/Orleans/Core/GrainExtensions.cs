using Orleans.Runtime;

namespace Orleans;

/// <summary>What grains and references to them can tell of themselves.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to <paramref name="grain"/> as <typeparamref name="TGrainInterface"/>.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) =>
        (TGrainInterface)grain.AsReference(typeof(TGrainInterface));

    /// <summary>A reference to <paramref name="grain"/> as <paramref name="interfaceType"/>.</summary>
    public static object AsReference(this IAddressable grain, Type interfaceType)
    {
        GrainReference reference = Reference(grain);
        return reference.Factory.Create(reference.GrainId, interfaceType);
    }

    /// <summary>A reference to <paramref name="grain"/> as <typeparamref name="TGrainInterface"/>.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    /// <summary>A reference to <paramref name="grain"/> as <paramref name="interfaceType"/>.</summary>
    public static object Cast(this IAddressable grain, Type interfaceType) => grain.AsReference(interfaceType);

    /// <summary>The identity of <paramref name="grain"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="grain"/> is neither a grain nor a reference.</exception>
    public static GrainId GetGrainId(this IAddressable grain) => Reference(grain).GrainId;

    /// <summary>The string key of <paramref name="grain"/>.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    /// <summary>The integer key of <paramref name="grain"/>.</summary>
    public static long GetPrimaryKeyLong(this IAddressable grain) => grain.GetGrainId().TryGetIntegerKey(out long key, out _)
        ? key
        : throw new InvalidOperationException($"Unable to extract integer key from grain id {grain.GetGrainId()}");

    /// <summary>The GUID key of <paramref name="grain"/>.</summary>
    public static Guid GetPrimaryKey(this IAddressable grain) => grain.GetGrainId().TryGetGuidKey(out Guid key, out _)
        ? key
        : throw new InvalidOperationException($"Unable to extract GUID key from grain id {grain.GetGrainId()}");

    private static GrainReference Reference(IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain switch
        {
            GrainReference reference => reference,
            IGrainBase { GrainContext: { } context } => context.GrainReference,
            _ => throw new ArgumentException($"{grain.GetType().FullName} is neither a grain made by the engine nor a reference to one."
                + $" A grain class derives from {nameof(Grain)} or implements {nameof(IGrainBase)}.", nameof(grain)),
        };
    }
}
