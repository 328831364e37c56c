using Orleans.Concurrency;

namespace Bgpo.Grains;

/// <summary>Tells which silos a cluster has; key 0.</summary>
public interface IClusterGrain : IGrainWithIntegerKey
{
    /// <summary>The silos that live or are leaving, ordered by name.</summary>
    [AlwaysInterleave]
    Task<SiloDescription[]> GetSilos();
}

/// <summary>Whether a silo takes work.</summary>
public enum SiloState
{
    /// <summary>It does.</summary>
    Active,

    /// <summary>It was told to leave, and finishes what it has.</summary>
    Leaving,
}

/// <summary>A silo, as it describes itself to its cluster.</summary>
/// <param name="Address">Its address in parsable form.</param>
/// <param name="Name">Its short name, for people.</param>
/// <param name="State">Whether it takes work.</param>
/// <param name="Process">Its process id.</param>
/// <param name="ProcessStart">When that process started, in the kernel's clock ticks since boot: tells it from a later one of the
/// same id.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Store">Where it keeps runs; the same for every silo of a cluster.</param>
/// <param name="Owner">The process that it ends with, as id:start; empty when it stays until told to leave.</param>
[GenerateSerializer, Immutable, Alias("bgpo.SiloDescription")]
public sealed record SiloDescription(
    [property: Id(0)] string Address, [property: Id(1)] string Name, [property: Id(2)] SiloState State,
    [property: Id(3)] int Process,
    [property: Id(4)] long ProcessStart, [property: Id(5)] int Devices, [property: Id(6)] string Store,
    [property: Id(7)] string Owner)
{
    /// <summary>What it is for.</summary>
    [Id(8)]
    public SiloRole[] Roles { get; init; } = [];

    /// <summary>What its devices are: cpu.</summary>
    [Id(9)]
    public string DeviceKind { get; init; } = "";

    /// <summary>Memory of its machine, MiB.</summary>
    [Id(10)]
    public long MemoryMiB { get; init; }

    /// <summary>What decides the bits that its devices compute: library, BLAS, processor, threads per device.</summary>
    [Id(11)]
    public string Numerics { get; init; } = "";
}
