using System.Diagnostics;
using System.Threading.Channels;
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
        foreach (string argument in new[] { "silo", "--cluster", launch.Cluster, "--threads", $"{launch.Threads}", "--store", launch.Store, "--detached" })
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

    private sealed class LaunchedSilo : ILaunchedSilo
    {
        private readonly Process _process;
        private readonly string _cluster;
        private readonly TaskCompletionSource<bool> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();

        internal LaunchedSilo(Process process, string cluster)
        {
            (_process, _cluster) = (process, cluster);
            Id = process.Id;
            process.StandardInput.Close();
            process.OutputDataReceived += (_, line) => _joined.TrySetResult(line.Data is not null);
            process.ErrorDataReceived += (_, line) =>
            {
                if (line.Data is not { } text)
                {
                    _errors.Writer.TryComplete();
                    return;
                }
                text = text.StartsWith("bgpo: ", StringComparison.Ordinal) ? text["bgpo: ".Length..] : text;
                _errors.Writer.TryWrite(text);
                Said?.Invoke(text);
            };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public event Action<string>? Said;

        public int Id { get; }

        public async Task Joined(CancellationToken cancellationToken)
        {
            // Its first line says that it has joined; without one it has ended.
            if (await _joined.Task.WaitAsync(cancellationToken))
            {
                return;
            }
            int code = await Ended(cancellationToken);
            string? said = null;
            await foreach (string line in _errors.Reader.ReadAllAsync(cancellationToken))
            {
                said ??= line;
            }
            throw new BadInputException(said ?? $"a silo of cluster '{_cluster}' did not start (exit code {code})");
        }

        public async Task<int> Ended(CancellationToken cancellationToken)
        {
            await _process.WaitForExitAsync(cancellationToken);
            return _process.ExitCode;
        }

        public void Dispose() => _process.Dispose();
    }
}
