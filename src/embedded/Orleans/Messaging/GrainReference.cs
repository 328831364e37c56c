using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>A reference to a grain, wherever it is. Equal references are to the same grain.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly GrainInterface _interface;

    internal GrainReference(GrainInterface grainInterface, GrainReferenceFactory factory, GrainId id)
    {
        _interface = grainInterface;
        Factory = factory;
        GrainId = id;
    }

    /// <summary>The grain's identity.</summary>
    public GrainId GrainId { get; }

    /// <summary>The interface through which the grain is called.</summary>
    public GrainInterfaceType InterfaceType => _interface.InterfaceType;

    /// <summary>The interface's name.</summary>
    public virtual string InterfaceName => _interface.Type.Name;

    internal GrainReferenceFactory Factory { get; }

    internal GrainInterface Interface => _interface;

    /// <summary>The same grain through <typeparamref name="TGrainInterface"/>.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>()
        where TGrainInterface : IAddressable => (TGrainInterface)(object)Factory.Create(GrainId, typeof(TGrainInterface));

    /// <summary>A hash that is the same in every process.</summary>
    public uint GetUniformHashCode() => GrainId.GetUniformHashCode();

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public sealed override string ToString() => $"GrainReference:{GrainId}";

    /// <summary>Equality of the grains referred to.</summary>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    /// <summary>Inequality of the grains referred to.</summary>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);

    // Emitted references call these, one for each kind of result.
    internal void CallVoid(int method, object?[] arguments) => Factory.Sender.Send<object?>(this, _interface.Methods[method], arguments);

    internal Task CallTask(int method, object?[] arguments) =>
        Factory.Sender.Send<object?>(this, _interface.Methods[method], arguments);

    internal Task<T> CallTaskOf<T>(int method, object?[] arguments) =>
        Factory.Sender.Send<T>(this, _interface.Methods[method], arguments);

    internal ValueTask CallValueTask(int method, object?[] arguments) =>
        new(Factory.Sender.Send<object?>(this, _interface.Methods[method], arguments));

    internal ValueTask<T> CallValueTaskOf<T>(int method, object?[] arguments) =>
        new(Factory.Sender.Send<T>(this, _interface.Methods[method], arguments));

    internal IAsyncEnumerable<T> CallStream<T>(int method, object?[] arguments) =>
        new GrainStream<T>(this, _interface.Methods[method], arguments);
}
