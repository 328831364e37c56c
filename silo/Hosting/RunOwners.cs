using Bgpo.Grains.Runs;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Machines;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Silo.Hosting;

/// <inheritdoc cref="IRunOwners"/>
/// <param name="silo">This silo, for the name of its cluster.</param>
/// <param name="cluster">How the cluster's members find one another.</param>
public sealed class RunOwners(ILocalSiloDetails silo, ClusterSection cluster) : IRunOwners
{
    private static readonly string s_thisMachine = ThisMachine();

    /// <inheritdoc/>
    public string Host => s_thisMachine;

    /// <inheritdoc/>
    public bool IsThis(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Cluster == silo.ClusterId && (ClusterMembership.SpansMachines(cluster) || IsOfThisMachine(record));
    }

    /// <inheritdoc/>
    public bool? Lives(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Cluster.Length == 0)
        {
            return false; // written by a controller that never got so far as to drive it
        }
        if (!IsOfThisMachine(record))
        {
            return null;
        }
        if (ProcessOf(record) is { } identity)
        {
            return ProcessTable.Lives(identity);
        }
        return ClusterMembership.SpansMachines(cluster) ? null : ClusterFolder.HasLiveSilo(record.Cluster);
    }

    /// <inheritdoc/>
    string IRunOwners.NameOf(RunRecord record) => NameOf(record);

    /// <inheritdoc cref="IRunOwners.NameOf"/>
    public static string NameOf(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        string name = ProcessOf(record) is { } identity ? $"process {identity.Split(':')[0]}" : $"cluster '{record.Cluster}'";
        return IsOfThisMachine(record) ? name : $"{name} on machine '{record.Host.Split('/')[0]}'";
    }

    /// <summary>Whether a record's owner is of this machine, or says nothing of machines.</summary>
    /// <param name="record">The record.</param>
    public static bool IsOfThisMachine(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Host.Length == 0 || record.Host == s_thisMachine;
    }

    /// <summary>The process that drives a run alone, as id:start; null where a cluster does.</summary>
    private static string? ProcessOf(RunRecord record) =>
        record.Cluster.StartsWith(BgpoSilo.OfProcess, StringComparison.Ordinal) ? record.Cluster[BgpoSilo.OfProcess.Length..]
            : null;

    /// <summary>
    /// A name under which owners can be seen from one another: the machine's, this start of it, the kernel's space of process
    /// ids, the user.
    /// </summary>
    private static string ThisMachine()
    {
        string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        string? space = new FileInfo("/proc/self/ns/pid").LinkTarget;
        return $"{Environment.MachineName}/{boot}/{space?.Trim("pid:[]".ToCharArray())}/{Environment.UserName}";
    }
}
