using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Bgpo.Bench;
using Bgpo.Bench.Commands;
using Bgpo.Bench.Rewards;
using Bgpo.Client.Clusters;
using Bgpo.Client.Commands;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Grains;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary>A console in memory, with a project folder and a working folder on disk.</summary>
internal sealed class FakeConsole : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-console-");

    internal FakeConsole()
    {
        Home = Directory.CreateDirectory(Path.Combine(_folder.FullName, "home")).FullName;
        Work = Directory.CreateDirectory(Path.Combine(_folder.FullName, "work")).FullName;
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Home, "configs")).FullName, "sudoku.yaml"),
            "model:\n  path: models/base\n");
        File.WriteAllText(Path.Combine(Home, "configs", "pretrain-sudoku.yaml"), "phases:\n  - steps: 40\n");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Home, "models", "base")).FullName, "config.json"),
            "{}");
        Interrupts = new Interrupts(() => HasLeft = true);
    }

    internal string Home { get; }

    internal string Work { get; }

    internal StringWriter Out { get; } = new() { NewLine = "\n" };

    internal StringWriter Error { get; } = new() { NewLine = "\n" };

    internal TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What is typed when somebody is asked; null: nobody can be.</summary>
    internal string? Typed { get; set; }

    /// <summary>What standard output is, where it is not <see cref="Out"/>.</summary>
    internal TextWriter? OtherOut { get; set; }

    /// <summary>What standard error is, where it is not <see cref="Error"/>.</summary>
    internal TextWriter? OtherError { get; set; }

    internal Interrupts Interrupts { get; }

    internal bool HasLeft { get; private set; }

    /// <summary>What BGPO_CLUSTER_CONFIG says; null: nothing.</summary>
    internal string? ClusterConfig { get; set; }

    internal FakeHost Host { get; } = new();

    internal FakeModels Models { get; } = new();

    internal FakeBenchmarks Benchmarks { get; } = new();

    internal FakeMachine Machine { get; } = new();

    internal string WorkFile(string name, string text)
    {
        File.WriteAllText(Path.Combine(Work, name), text);
        return name;
    }

    /// <summary>The usual folder of runs.</summary>
    internal string Store => Path.Combine(Work, "runs");

    /// <summary>Has a run of 100 steps in the store, with a checkpoint of version 3.</summary>
    internal Task Stored(string run, RunState state, string cluster) =>
        new RunCatalog(new LocalBlobStore(Store)).Run(run).CreateAsync(new RunRecord
        {
            RunId = run,
            State = state,
            Spec = "model:\n  path: models/base\n",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
            Cluster = cluster,
            LatestCheckpoint = 3,
        });

    internal ConsoleContext Context() => new(
        new Terminal(OtherOut ?? Out, OtherError ?? Error) { ReadLine = Typed is null ? null : () => Typed },
        new ProjectPaths(Work, Home, "bgpo") { ClusterConfig = ClusterConfig }, Interrupts, Time, Host, Models, Machine);

    internal Task<int> Run(params string[] arguments)
    {
        var context = Context();
        return new BgpoCommandLine(context, BenchCommand.Parts(context, Benchmarks)).Run(arguments);
    }

    /// <summary>Runs a command line that must fail, and returns its one line of error without the prefix.</summary>
    internal async Task<string> Refused(int code, params string[] arguments)
    {
        Assert.Equal(code, await Run(arguments));
        Assert.Equal("", Out.ToString());
        var line = Assert.Single(Error.ToString().TrimEnd('\n').Split('\n'));
        Assert.StartsWith("bgpo: ", line, StringComparison.Ordinal);
        return line["bgpo: ".Length..];
    }

    public void Dispose()
    {
        Interrupts.Dispose();
        _folder.Delete(recursive: true);
    }
}

internal sealed class FakeHost : ITrainingHost
{
    public ClusterConfig Clustering { get; set; } = new();

    internal FakeRun Grain { get; } = new();

    internal HostOptions? Options { get; private set; }

    internal string? Run { get; private set; }

    internal bool IsDisposed { get; private set; }

    /// <summary>Clusters that live, with their silos.</summary>
    internal Dictionary<string, IReadOnlyList<SiloDescription>> Clusters { get; } = [];

    public Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Options = options;
        Clusters[options.Cluster] = [];
        return Task.FromResult<ITrainingCluster>(new Cluster(this, options.Cluster));
    }

    public Task<ITrainingCluster> Join(string cluster, CancellationToken cancellationToken) => IsAlive(cluster)
        ? Task.FromResult<ITrainingCluster>(new Cluster(this, cluster))
        : throw new BadInputException($"cluster '{cluster}' has no live silo");

    public bool IsAlive(string cluster) => Clusters.ContainsKey(cluster);

    private sealed class Cluster(FakeHost host, string name) : ITrainingCluster
    {
        public event Action<string>? Said
        {
            add { }
            remove { }
        }

        public string Name => name;

        public bool IsAlive => host.IsAlive(name);

        public IRunGrain GetRun(string run)
        {
            host.Run = run;
            return host.Grain;
        }

        public Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken) =>
            IsAlive ? Task.FromResult(host.Clusters[name]) : throw new BadInputException($"cluster '{name}' has no live silo");

        public ValueTask DisposeAsync()
        {
            host.IsDisposed = true;
            return default;
        }
    }
}

/// <summary>Processes in memory: those that are told to end do so at once.</summary>
internal sealed class FakeMachine : IMachine
{
    public string Self => "1:1";

    internal List<MachineProcess> Processes { get; } = [];

    internal List<(int Process, int Signal)> Sent { get; } = [];

    internal List<SiloLaunch> Launched { get; } = [];

    internal bool HasGivenWay { get; private set; }

    /// <summary>When those that are launched have joined.</summary>
    internal Task Joining { get; set; } = Task.CompletedTask;

    public MachineProcess? Find(int id) => Processes.FirstOrDefault(process => process.Id == id);

    public IReadOnlyList<MachineProcess> Silos(Func<MachineProcess, bool> wanted) =>
        [.. Processes.Where(process => process.IsSilo && wanted(process))];

    public bool Send(MachineProcess process, int signal)
    {
        Sent.Add((process.Id, signal));
        return signal is not (ProcessTable.Kill or ProcessTable.Terminate) || Processes.Remove(process);
    }

    public void GiveWay() => HasGivenWay = true;

    public ILaunchedSilo Launch(SiloLaunch launch)
    {
        Launched.Add(launch);
        return new LaunchedSilo(1000 + Launched.Count, Joining);
    }

    internal SiloDescription Silo(int process, string cluster, string store, params string[] command)
    {
        Processes.Add(new MachineProcess(
            process, 7, 1, false, command.Length > 0 ? command : ["dotnet", "/b/Bgpo.Client.dll", "silo", "--cluster", cluster],
            100));
        return new SiloDescription($"127.0.0.1:{process}@1", $"silo-{process}", SiloState.Active, process, 7, 2, store, "");
    }

    private sealed class LaunchedSilo(int id, Task joining) : ILaunchedSilo
    {
        public event Action<string>? Said
        {
            add { }
            remove { }
        }

        public int Id => id;

        public Task Joined(CancellationToken cancellationToken) => joining;

        public Task<int> Ended(CancellationToken cancellationToken) => Task.FromResult(0);

        public void Dispose()
        {
        }
    }
}

/// <summary>A run that does what its script says.</summary>
internal sealed class FakeRun : IRunGrain
{
    private readonly Channel<RunEvent> _events = Channel.CreateUnbounded<RunEvent>();

    internal string? Yaml { get; private set; }

    internal bool IsResumed { get; private set; }

    internal Resumption? Resumption { get; private set; }

    internal (string Source, int? Version)? ForkedFrom { get; private set; }

    internal string? StopReason { get; private set; }

    internal RunException? Error { get; set; }

    internal RunStatus Status { get; set; } = new("r", RunState.Running, 0, 3, 1, -1, "", "");

    internal Action? WhenStopped { get; set; }

    internal Action? WhenWatched { get; set; }

    internal FakeRun Emits(params RunEvent[] events)
    {
        foreach (var happened in events)
        {
            _events.Writer.TryWrite(happened);
        }

        return this;
    }

    internal void EndStream() => _events.Writer.Complete();

    public Task<RunStatus> Start(string specYaml, string key)
    {
        Yaml = specYaml;
        return Refused ?? Task.FromResult(Status);
    }

    public Task<RunStatus> Fork(string specYaml, string source, int? version, string[]? own, string key)
    {
        (Yaml, ForkedFrom) = (specYaml, (source, version));
        return Refused ?? Task.FromResult(Status);
    }

    public Task EnsureRunning() => Task.CompletedTask;

    public Task<RunStatus> Resume() => ResumeAs(new Resumption());

    public Task<RunStatus> ResumeAs(Resumption how)
    {
        (IsResumed, Resumption) = (true, how);
        return Refused ?? Task.FromResult(Status);
    }

    /// <summary>What the controller does when it is told to look at its requests.</summary>
    internal Func<Task>? WhenHeeding { get; set; }

    public Task CheckRequests() => WhenHeeding?.Invoke() ?? Task.CompletedTask;

    public Task Stop(string reason)
    {
        StopReason = reason;
        WhenStopped?.Invoke();
        return Task.CompletedTask;
    }

    public Task<RunStatus> GetStatus() => Task.FromResult(Status);

    private Task<RunStatus>? Refused => Error is { } error ? Task.FromException<RunStatus>(error) : null;

    public async IAsyncEnumerable<RunEvent> Watch(
        long after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        WhenWatched?.Invoke();
        await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
        {
            yield return happened;
        }
    }
}

internal sealed class FakeBenchmarks : IBenchmarks
{
    internal IReadOnlyList<int>? Measured { get; private set; }

    public Task<MemoryOutcome> Memory(
        IReadOnlyList<int> samples, IProgress<MemoryMeasured> progress, CancellationToken cancellationToken)
    {
        Measured = samples;
        var row = new MemoryMeasured("bgpo", 1, 228.25, 100);
        progress.Report(row);
        return Task.FromResult(new MemoryOutcome([row], 1.01));
    }

    public Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken) =>
        Task.FromResult(new WireOutcome(2.5, 3, 8.25, 7.5, 70.4, 199.6, mib, "Avx512"));

    public async IAsyncEnumerable<RealScale> RunReal(
        int steps, int rounds, string? config, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int round = 0; round < rounds; round++)
        {
            yield return Timed(1, 1);
            // Two silos of the second round are timed on a machine that is busy half of the time.
            yield return await Task.FromResult(Timed(2, round == 1 ? 1 : 2));
            yield return new RealScale(1, 0.95, 380, 0.95, 0.01) { Runs = 2 };
        }

        static RealScale Timed(int silos, double speed) => new(silos, 0.5 * speed, 200 * speed, 0.95, 0.01);
    }

    public Task<IReadOnlyList<WatchedSpeed>> Overhead(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<WatchedSpeed>>(
            [.. watchers.Select(count => new WatchedSpeed(count, 0.5, 1.01, 0.99, 1.02, rounds, 0.005))]);

    public Task<SimulatedScale> Simulate(int silos, TimeSpan work, int steps, CancellationToken cancellationToken) =>
        Task.FromResult(new SimulatedScale(silos, 0.9, 1.1, 35 * silos, 0.25, 8 * silos, 8 * silos, 8 * silos, silos));

    public IEnumerable<MathMeasured> Rewards(int count, int threads, ulong seed, CancellationToken cancellationToken) =>
        [new MathMeasured("numbers", count, 40_000, 1.5)];
}

internal sealed class FakeModels : IModelCommands
{
    internal PretrainRequest? Pretrained { get; private set; }

    internal EvaluateRequest? Evaluated { get; private set; }

    internal GenerateRequest? Generated { get; private set; }

    internal Exception? Error { get; set; }

    public Task<PretrainOutcome> Pretrain(
        PretrainRequest request, IProgress<PretrainProgress> progress, CancellationToken cancellationToken)
    {
        Throw(cancellationToken);
        Pretrained = request;
        for (var step = 1; step <= 40; step++)
        {
            progress.Report(new PretrainProgress(1, 1, step, 40, 2.5));
        }

        return Task.FromResult(new PretrainOutcome(216_512, "abc", new EvaluationSummary(0.3, 0.05, 0.6, 256), 53.2));
    }

    public Task<EvaluateOutcome> Evaluate(
        EvaluateRequest request, IProgress<ProblemsDone> progress, CancellationToken cancellationToken)
    {
        Throw(cancellationToken);
        Evaluated = request;
        progress.Report(new ProblemsDone(1, 2));
        return Task.FromResult(
            new EvaluateOutcome(0.5, 0.75, 2, "abc", 1.25) { InFile = request.Task.EvaluationData.Length > 0 ? 3 : null });
    }

    public Task<GenerateOutcome> Generate(
        GenerateRequest request, IProgress<GenerateProgress> progress, CancellationToken cancellationToken)
    {
        Throw(cancellationToken);
        Generated = request;
        return Task.FromResult(new GenerateOutcome("3142241342311324", 16, 0.01));
    }

    private void Throw(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Error is { } error)
        {
            throw error;
        }
    }
}
