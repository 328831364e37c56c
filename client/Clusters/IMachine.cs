using Bgpo.Model;
using Bgpo.Silo.Machines;

namespace Bgpo.Client.Clusters;

/// <summary>This machine's processes.</summary>
internal interface IMachine
{
    /// <summary>This process, as silos name the one that they end with.</summary>
    string Self { get; }

    /// <summary>A process of this user; null where there is none of that id.</summary>
    MachineProcess? Find(int id);

    /// <summary>The silos' processes of this user that a question is answered with yes for.</summary>
    IReadOnlyList<MachineProcess> Silos(Func<MachineProcess, bool> wanted);

    /// <summary>Sends a signal, if the process still is the one that was looked at.</summary>
    bool Send(MachineProcess process, int signal);

    /// <summary>Lets this process give way to others that work on the same cores.</summary>
    void GiveWay();

    /// <summary>Starts a silo's process.</summary>
    ILaunchedSilo Launch(SiloLaunch launch);
}

/// <summary>A silo's process that this one has started.</summary>
internal interface ILaunchedSilo : IDisposable
{
    /// <summary>Its process id.</summary>
    int Id { get; }

    /// <summary>Told each line of its stderr, without the program's name.</summary>
    event Action<string>? Said;

    /// <summary>Waits until it has joined its cluster.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="BadInputException">It has ended instead; the message is what it said.</exception>
    Task Joined(CancellationToken cancellationToken);

    /// <summary>Waits for its end.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Its exit code; 128 and the signal's number where a signal ended it.</returns>
    Task<int> Ended(CancellationToken cancellationToken);
}

/// <summary>What a silo's process is started with.</summary>
/// <param name="Cluster">The cluster that it joins or founds.</param>
/// <param name="Devices">What it computes on.</param>
/// <param name="Store">Where it keeps runs, full path.</param>
/// <param name="Owner">The process that it ends with, as id:start; empty: it stays until told to leave.</param>
/// <param name="Fault">Its BGPO_FAULT; empty: none.</param>
internal sealed record SiloLaunch(string Cluster, DeviceSet Devices, string Store, string Owner, string Fault = "")
{
    /// <summary>The file that says how the cluster's members find one another; empty: none does.</summary>
    public string ClusterConfig { get; init; } = "";
}
