using System.Net;

namespace Bgpo.Spec;

/// <summary>
/// How the silos of a cluster and their clients find one another: one file for all of them. It decides nothing of a run's result, and
/// holds no secret.
/// </summary>
public sealed record ClusterSpec
{
    /// <summary>The cluster.</summary>
    public ClusterSection Cluster { get; init; } = new();
}

/// <summary>Where a cluster's members are written down, and how they are reached.</summary>
public sealed record ClusterSection : IRuled
{
    /// <summary>Processes of one machine, by the embedded engine.</summary>
    public const string Embedded = "embedded";

    /// <summary>Processes of one machine, by Microsoft.Orleans.</summary>
    public const string Localhost = "localhost";

    /// <summary>Processes of many machines, by Microsoft.Orleans and a PostgreSQL database.</summary>
    public const string Postgres = "postgres";

    /// <summary>
    /// Where members are written down. embedded: in files, for the processes of one machine, on the embedded engine; localhost: the same on
    /// Microsoft.Orleans; postgres: in a PostgreSQL database, for many machines, on Microsoft.Orleans. Empty: embedded or localhost, by the build.
    /// </summary>
    [OneOf(Embedded, Localhost, Postgres)]
    public string Kind { get; init; } = "";

    /// <summary>The IP address of this machine at which others reach its silos. Empty: <c>BGPO_ADDRESS</c>, else the loopback interface.</summary>
    public string Address { get; init; } = "";

    /// <summary>The port at which other silos reach this machine's one silo; 0: any that is free, for any number of silos.</summary>
    [Range(0, 65535)]
    public int SiloPort { get; init; }

    /// <summary>The port at which clients reach this machine's one silo; 0: any that is free.</summary>
    [Range(0, 65535)]
    public int GatewayPort { get; init; }

    /// <summary>The port of Orleans's dashboard on the loopback interface of each machine, served by one of its silos; 0: none.</summary>
    [Range(0, 65535)]
    public int Dashboard { get; init; }

    /// <inheritdoc/>
    public IEnumerable<BrokenRule> BrokenRules()
    {
        if (Address.Length > 0 && !IPAddress.TryParse(Address, out _))
            yield return new(["address"], "an IP address of this machine, for example 10.0.0.5");
        if (Kind == Postgres)
            yield break;
        const string spanning = "only beside kind: postgres; other clusters are of one machine and need none";
        if (Address.Length > 0)
            yield return new(["address", "kind"], spanning);
        if (SiloPort > 0)
            yield return new(["siloPort", "kind"], spanning);
        if (GatewayPort > 0)
            yield return new(["gatewayPort", "kind"], spanning);
        if (Dashboard > 0 && Kind == Embedded)
            yield return new(["dashboard", "kind"], "only on Microsoft.Orleans: kind: localhost or postgres");
    }
}
