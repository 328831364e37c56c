namespace Orleans.Runtime;

/// <summary>The engine's side of an activation: the incarnation of a grain on one silo.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's identity.</summary>
    GrainId GrainId { get; }

    /// <summary>The grain itself, once it is made.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of the activation: a scope of its own.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation is gone.</summary>
    Task Deactivated { get; }

    /// <summary>Starts to deactivate: running requests end, <c>OnDeactivateAsync</c> runs, later requests go to a new activation.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

/// <summary>What runs on the current thread.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    private static IGrainContext? t_current;

    /// <summary>The activation whose turn runs on this thread, or null.</summary>
    public static IGrainContext? Current
    {
        get => t_current;
        internal set => t_current = value;
    }
}

/// <summary>The silo that this code runs in.</summary>
public interface ILocalSiloDetails
{
    /// <summary>The silo's name.</summary>
    string Name { get; }

    /// <summary>The cluster's id.</summary>
    string ClusterId { get; }

    /// <summary>The machine's name.</summary>
    string DnsHostName { get; }

    /// <summary>The silo's address.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>The address that clients know the silo by.</summary>
    SiloAddress GatewayAddress { get; }
}
