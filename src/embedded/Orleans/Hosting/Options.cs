namespace Orleans.Configuration;

/// <summary>The names of the cluster.</summary>
public class ClusterOptions
{
    /// <summary>The default of <see cref="ClusterId"/>.</summary>
    public const string DefaultClusterId = "default";

    /// <summary>The default of <see cref="ServiceId"/>.</summary>
    public const string DefaultServiceId = "default";

    /// <summary>Silos and clients of one id find one another.</summary>
    public string ClusterId { get; set; } = DefaultClusterId;

    /// <summary>The service's name, which outlives clusters.</summary>
    public string ServiceId { get; set; } = DefaultServiceId;
}

/// <summary>How calls are sent and waited for.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer; 30 s by default.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most bytes of one message's body; 4 MiB by default.</summary>
    public int MaxMessageBodySize { get; set; } = 4 * 1024 * 1024;
}

/// <inheritdoc/>
public class SiloMessagingOptions : MessagingOptions;

/// <inheritdoc/>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>What the silo is called.</summary>
public class SiloOptions
{
    /// <summary>The silo's name.</summary>
    public string SiloName { get; set; } = string.Empty;
}

/// <summary>When idle grains are deactivated.</summary>
public class GrainCollectionOptions
{
    /// <summary>How often idle grains are looked for; one minute by default.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a grain may be idle; 15 minutes by default.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long grains of a class, by its full name, may be idle.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];

    /// <summary>How long <c>OnActivateAsync</c> may take; 30 s by default.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long running requests and <c>OnDeactivateAsync</c> may take; 30 s by default.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How silos that hang are found out. The defaults suit processes of one machine: burial takes 2.0 to 2.4 s.</summary>
public class ClusterMembershipOptions
{
    /// <summary>How often a silo is probed, and how long it has to answer; 400 ms by default.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>How many probes a silo may miss; 5 by default: on a machine with more to do than cores, threads wait for a second.</summary>
    public int NumMissedProbesLimit { get; set; } = 5;

    /// <summary>How many silos must miss it before it is declared dead; 1 by default. A process that is gone needs no vote.</summary>
    public int NumVotesForDeathDeclaration { get; set; } = 1;

    /// <summary>How long such a vote counts; 2 minutes by default.</summary>
    public TimeSpan DeathVoteExpirationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often clients look at the table of members, should no silo tell them of a change; 2 s by default. Silos look with every probe.</summary>
    public TimeSpan TableRefreshTimeout { get; set; } = TimeSpan.FromSeconds(2);
}
