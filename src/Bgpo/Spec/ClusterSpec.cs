using System.Net;

namespace Bgpo.Spec;

/// <summary>
/// How the silos of a cluster and their clients find one another: one file for all of them. It decides nothing of a run's result,
/// and holds no secret.
/// </summary>
public sealed record ClusterSpec
{
    /// <summary>The cluster.</summary>
    public ClusterSection Cluster { get; init; } = new();
}

/// <summary>Where a cluster's members are written down, and how they are reached.</summary>
public sealed record ClusterSection : IRuled
{
    /// <summary>
    /// Where members are written down. localhost: in files, for the processes of one machine; postgres: in a PostgreSQL database,
    /// for many machines; azure: the same in Azure Table Storage.
    /// </summary>
    public ClusterKind Kind { get; init; } = ClusterKind.Localhost;

    /// <summary>
    /// kind: azure: the storage account; its table service is at <c>https://ACCOUNT.table.core.windows.net</c>.
    /// </summary>
    [Pattern("[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits")]
    public string Account { get; init; } = "";

    /// <summary>kind: azure: the table, which the first silo makes. Empty: <c>OrleansSiloInstances</c>.</summary>
    [Pattern("[A-Za-z][A-Za-z0-9]{2,62}", "3 to 63 letters and digits, a letter first")]
    public string Table { get; init; } = "";

    /// <summary>
    /// The IP address of this machine at which others reach its silos. Empty: <c>BGPO_ADDRESS</c>, else the loopback interface.
    /// </summary>
    public string Address { get; init; } = "";

    /// <summary>
    /// The port at which other silos reach this machine's one silo; 0: any that is free, for any number of silos.
    /// </summary>
    [Range(0, 65535)]
    public int SiloPort { get; init; }

    /// <summary>The port at which clients reach this machine's one silo; 0: any that is free.</summary>
    [Range(0, 65535)]
    public int GatewayPort { get; init; }

    /// <summary>
    /// The port of Orleans's dashboard on the loopback interface of each machine, served by one of its silos; 0: none.
    /// </summary>
    [Range(0, 65535)]
    public int Dashboard { get; init; }

    /// <summary>TLS between silos and from clients to them.</summary>
    public TlsSection Tls { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (Kind == ClusterKind.Azure && Account.Length == 0)
        {
            yield return new(["account", "kind"], "kind: azure needs the name of a storage account");
        }

        if (Kind != ClusterKind.Azure && Account.Length > 0)
        {
            yield return new(["account", "kind"], "only beside kind: azure");
        }

        if (Kind != ClusterKind.Azure && Table.Length > 0)
        {
            yield return new(["table", "kind"], "only beside kind: azure");
        }

        if (Address.Length > 0 && !IPAddress.TryParse(Address, out _))
        {
            yield return new(["address"], "an IP address of this machine, for example 10.0.0.5");
        }

        if (Kind != ClusterKind.Localhost)
        {
            yield break;
        }

        const string spanning = "only beside kind: postgres or azure; other clusters are of one machine and need none";
        if (Address.Length > 0)
        {
            yield return new(["address", "kind"], spanning);
        }

        if (SiloPort > 0)
        {
            yield return new(["siloPort", "kind"], spanning);
        }

        if (GatewayPort > 0)
        {
            yield return new(["gatewayPort", "kind"], spanning);
        }
    }
}

/// <summary>
/// TLS between silos and from clients to them, when <c>certificate</c> and <c>authority</c> are given. Every member shows a
/// certificate and takes every other's that the cluster's own authority signed, whatever names it bears. Files are named from the
/// cluster file's folder.
/// </summary>
public sealed record TlsSection : IRuled
{
    /// <summary>
    /// This machine's certificate: a PEM file, or a PFX file with its key. <c>BGPO_TLS_PASSWORD</c> opens what is encrypted.
    /// </summary>
    public string Certificate { get; init; } = "";

    /// <summary>The PEM file of the certificate's private key. Empty: it is in the certificate's file.</summary>
    public string Key { get; init; } = "";

    /// <summary>
    /// A PEM file with the cluster's own authority: its root certificates and, where it has them, intermediate ones.
    /// </summary>
    public string Authority { get; init; } = "";

    /// <summary>Whether connections are encrypted.</summary>
    public bool IsOn => Certificate.Length > 0;

    /// <summary>The same with the full paths of its files.</summary>
    /// <param name="folder">The folder from which they are named.</param>
    public TlsSection From(string folder)
    {
        string Full(string file) => file.Length > 0 ? Path.GetFullPath(file, folder) : "";
        return new TlsSection { Certificate = Full(Certificate), Key = Full(Key), Authority = Full(Authority) };
    }

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (IsOn && Authority.Length == 0)
        {
            yield return new(["authority", "certificate"],
                "certificate needs the authority that signs the cluster's certificates, a PEM file");
        }

        if (!IsOn && Authority.Length > 0)
        {
            yield return new(["certificate", "authority"], "authority needs a certificate of this machine, a PEM or PFX file");
        }

        if (!IsOn && Key.Length > 0)
        {
            yield return new(["certificate", "key"], "key needs its certificate, a PEM file");
        }
    }
}
