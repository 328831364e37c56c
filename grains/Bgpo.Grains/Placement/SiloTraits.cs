namespace Bgpo.Grains.Placement;

/// <summary>Keys of the metadata by which a silo describes itself to its cluster.</summary>
public static class SiloTraits
{
    /// <summary>Its short name.</summary>
    public const string Name = "bgpo.name";

    /// <summary>Its roles, with commas between.</summary>
    public const string Roles = "bgpo.roles";

    /// <summary>How many devices it has.</summary>
    public const string Devices = "bgpo.devices";

    /// <summary>What they are: cpu.</summary>
    public const string DeviceKind = "bgpo.device-kind";

    /// <summary>Memory of the machine, MiB.</summary>
    public const string MemoryMiB = "bgpo.memory-mib";

    /// <summary>What decides the bits that its devices compute: library, BLAS, processor, threads per device.</summary>
    public const string Numerics = "bgpo.numerics";

    /// <summary>Its process id.</summary>
    public const string Process = "bgpo.process";

    /// <summary>When that process started.</summary>
    public const string ProcessStart = "bgpo.process-start";

    /// <summary>Where it keeps runs.</summary>
    public const string Store = "bgpo.store";

    /// <summary>The process that it ends with.</summary>
    public const string Owner = "bgpo.owner";

    /// <summary>A role as metadata and the command line spell it.</summary>
    /// <param name="role">The role.</param>
    public static string Text(SiloRole role) => role.ToString().ToLowerInvariant();

    /// <summary>The roles that metadata names.</summary>
    /// <param name="text">The metadata.</param>
    public static SiloRole[] RolesOf(string text) =>
        [.. Enum.GetValues<SiloRole>().Where(role => text.Split(',').Contains(Text(role)))];

    /// <summary>Whether a silo that says this of itself has a role. One that says nothing of roles has all.</summary>
    /// <param name="said">Its metadata.</param>
    /// <param name="role">The role.</param>
    public static bool Has(IReadOnlyDictionary<string, string> said, SiloRole role) =>
        !said.TryGetValue(Roles, out string? roles) || roles.Split(',').Contains(Text(role));

    /// <summary>Whether a silo that says this of itself was made to score completions.</summary>
    /// <param name="said">Its metadata.</param>
    public static bool IsForRewards(IReadOnlyDictionary<string, string> said) =>
        said.TryGetValue(Roles, out string? roles) && roles.Split(',').Contains(Text(SiloRole.Reward));
}
