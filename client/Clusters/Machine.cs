using System.Diagnostics;
using Bgpo.Silo.Machines;

namespace Bgpo.Client.Clusters;

/// <summary>The machine that this process runs on.</summary>
internal sealed class Machine : IMachine
{
    /// <inheritdoc/>
    public string Self { get; } = ProcessTable.Own.Identity;

    /// <inheritdoc/>
    public MachineProcess? Find(int id) => ProcessTable.Find(id);

    /// <inheritdoc/>
    public IReadOnlyList<MachineProcess> Silos(Func<MachineProcess, bool> wanted) => ProcessTable.Silos(wanted);

    /// <inheritdoc/>
    public bool Send(MachineProcess process, int signal) => ProcessTable.Send(process, signal);

    /// <inheritdoc/>
    public void GiveWay() => ProcessTable.GiveWay();

    /// <inheritdoc/>
    public ILaunchedSilo Launch(SiloLaunch launch)
    {
        // Its own pipes, so that nothing of a silo reaches a command's output but through the command.
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Machine).Assembly.Location);
        }
        foreach (string argument in new[] { "silo", "--cluster", launch.Cluster, "--devices", $"{launch.Devices}",
            "--store", launch.Store, "--detached" })
        {
            start.ArgumentList.Add(argument);
        }
        if (launch.Owner.Length > 0)
        {
            start.ArgumentList.Add("--owner");
            start.ArgumentList.Add(launch.Owner);
        }
        if (launch.ClusterConfig.Length > 0)
        {
            start.ArgumentList.Add("--cluster-config");
            start.ArgumentList.Add(launch.ClusterConfig);
        }
        start.Environment["BGPO_FAULT"] = launch.Fault;
        return new LaunchedSilo(Process.Start(start)!, launch.Cluster);
    }
}
