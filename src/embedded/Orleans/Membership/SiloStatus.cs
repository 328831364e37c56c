namespace Orleans.Runtime;

/// <summary>Where a silo is in its life.</summary>
[GenerateSerializer]
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None = 0,

    /// <summary>Made, not yet started.</summary>
    Created = 1,

    /// <summary>On its way into the cluster.</summary>
    Joining = 2,

    /// <summary>A member.</summary>
    Active = 3,

    /// <summary>On its way out, gracefully.</summary>
    ShuttingDown = 4,

    /// <summary>On its way out.</summary>
    Stopping = 5,

    /// <summary>Gone.</summary>
    Dead = 6,
}
