
namespace Orleans.Runtime.GrainDirectory;

/// <summary>One silo's part of the directory, as the others ask it. Each question carries the view it was asked in.</summary>
internal interface IDirectoryPartition : IGrain
{
    [ResponseTimeout("00:00:10")]
    Task<DirectoryAnswer> Lookup(long version, GrainId grain);

    /// <summary>Gives the grain to <paramref name="silo"/> unless another has it.</summary>
    [ResponseTimeout("00:00:10")]
    Task<DirectoryAnswer> Register(long version, GrainId grain, SiloAddress silo);

    [ResponseTimeout("00:00:10")]
    Task<DirectoryAnswer> Unregister(long version, GrainId grain, SiloAddress silo);

    /// <summary>Tells which of the grains owned here, in the view of <paramref name="version"/>, are held by <paramref name="from"/>.</summary>
    [ResponseTimeout("00:00:10")]
    Task Report(long version, SiloAddress from, GrainId[] grains);
}

/// <summary>The answer of a partition: as of which view, whether it owns the grain at all, and who has it.</summary>
[GenerateSerializer, Immutable]
internal readonly record struct DirectoryAnswer(
    [property: Id(0)] long Version, [property: Id(1)] bool IsOwner, [property: Id(2)] SiloAddress? Silo);

/// <summary>What one silo asks of another apart from its directory.</summary>
internal interface ISiloControl : IGrain
{
    [ResponseTimeout("00:00:10")]
    Task<int> CountActivations();

    /// <summary>Another silo has the grain and keeps it.</summary>
    [ResponseTimeout("00:00:10")]
    Task DropDuplicate(GrainId grain);
}

/// <summary>The parts of the engine that are called like grains: one for each silo, whose address is the key.</summary>
internal static class SystemTargets
{
    public static readonly GrainType Directory = GrainType.Create("sys.directory");

    public static readonly GrainType Control = GrainType.Create("sys.control");

    public static GrainId IdOf(GrainType type, SiloAddress silo) => new(type, IdSpan.Create(silo.ToParsableString()));

    public static bool Is(GrainId id) => id.Type == Directory || id.Type == Control;

    public static SiloAddress SiloOf(GrainId id) => SiloAddress.Parse(id.Key.ToString());
}
