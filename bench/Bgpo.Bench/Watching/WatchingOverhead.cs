using System.Diagnostics;
using System.Text.Json;
using Bgpo.Grains;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Bench;

/// <summary>What watchers cost a run.</summary>
/// <param name="Watchers">Watching processes.</param>
/// <param name="StepSeconds">Seconds a step while they watch.</param>
/// <param name="Ratio">Median, over the rounds, of the time of steps with watchers to that of steps beside them without.</param>
/// <param name="Low">Lower end of the median's 95 % interval, by order statistics; null: there are too few rounds for
/// one.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="Share">
/// Share of the watchers in the processor time that they and the silo took while they watched; what the silo does for them is not
/// in it.
/// </param>
public sealed record WatchedSpeed(
    int Watchers, double StepSeconds, double Ratio, double? Low, double? High, int Rounds, double Share);

/// <summary>
/// What watchers cost the steps of one run on one silo process. They are processes of <c>run watch --json</c>, stopped (SIGSTOP)
/// for one spell of steps and let go on for the next, in turn: so steps are compared with those right beside them, and what the
/// machine does over minutes is in both. The run learns too slowly to change, so that its steps are all the same work.
/// </summary>
public static class WatchingOverhead
{
    /// <summary>
    /// Steps that watchers see before time is taken: each process compiles what shows a step only then, and again what it finds
    /// hot, which on the cores that train would be timed as if it were watching.
    /// </summary>
    private const int WarmUp = 240;

    /// <summary>
    /// Steps after the watchers stop or go on that count for neither: those who go on are told what they missed.
    /// </summary>
    private const int Between = 2;

    /// <summary>More than any measurement takes; the run is stopped when it has been measured.</summary>
    private const int Endless = 1_000_000;

    /// <summary>
    /// Too little to learn anything, so that every step has the same work: groups that are solved or hopeless would teach
    /// nothing.
    /// </summary>
    private const string Rate = "1e-12";

    private const string Cluster = "overhead";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    /// <summary>Measures.</summary>
    /// <param name="watchers">Numbers of watchers.</param>
    /// <param name="steps">Steps to time in each spell.</param>
    /// <param name="rounds">Rounds: a spell with and a spell without each.</param>
    /// <param name="threads">Devices of the silo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<WatchedSpeed>> Measure(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bgpo-overhead-");
        string store = Path.Combine(folder.FullName, "runs");
        using Process silo = ChildPrograms.Console(
            folder.FullName, "silo", "--cluster", Cluster, "--store", store, "--threads", $"{threads}");
        try
        {
            _ = await silo.StandardOutput.ReadLineAsync(cancellationToken)
                ?? throw new InvalidOperationException("the silo did not start");
            List<WatchedSpeed> speeds = [];
            foreach (int count in watchers)
            {
                speeds.Add(await Run(folder.FullName, store, $"watched-{count}", count, steps, rounds, silo, cancellationToken));
            }
            return speeds;
        }
        finally
        {
            await End(silo);
            folder.Delete(recursive: true);
        }
    }

    private static async Task<WatchedSpeed> Run(
        string folder, string store, string run, int count, int steps, int rounds, Process silo,
        CancellationToken cancellationToken)
    {
        await Done(
            folder, cancellationToken, "run", "start", "--cluster", Cluster, "--run", run,
            "--json", "--set", $"run.steps={Endless}", "--set",
            "evaluation.every=0", "--set", "evaluation.count=1", "--set", $"checkpoint.every={Endless}",
            "--set", $"optimizer.learningRate={Rate}");
        await Done(folder, cancellationToken, "run", "pause", run, "--cluster", Cluster, "--json");
        List<Process> watching = [];
        string Seen(int watcher) => Path.Combine(folder, $"{run}-{watcher}.jsonl");
        try
        {
            for (int i = 0; i < count; i++)
            {
                watching.Add(ChildPrograms.ConsoleInto(Seen(i), folder, "run", "watch", run, "--cluster", Cluster, "--json"));
            }
            for (int i = 0; i < count; i++)
            {
                while (!File.Exists(Seen(i)) || !(await File.ReadAllTextAsync(Seen(i), cancellationToken))
                    .Contains("\"paused\"", StringComparison.Ordinal))
                {
                    if (watching[i].HasExited)
                    {
                        throw new InvalidOperationException("a watcher has ended");
                    }
                    await Task.Delay(s_look, cancellationToken);
                }
            }
            await Done(folder, cancellationToken, "run", "resume", run, "--cluster", Cluster, "--json");
            var stored = new RunStore(BlobStores.Open(store), run);
            await Committed(stored, await Committed(stored, 0, cancellationToken) + WarmUp, cancellationToken);

            List<(int With, int Without)> spells = [];
            (double watched, double trained) = (0, 0);
            for (int round = 0; round < rounds; round++)
            {
                // Every other round the other way round, so that what goes one way favours neither.
                bool isForward = round % 2 == 0;
                int with = isForward ? await With() : 0;
                int without = await Without();
                spells.Add((isForward ? with : await With(), without));
            }
            foreach (Process watcher in watching)
            {
                await End(watcher);
            }
            await Done(folder, cancellationToken, "run", "stop", run, "--cluster", Cluster, "--json");

            Dictionary<int, double> seconds = [];
            await foreach (StoredMetrics metrics in stored.ReadMetricsAsync(1, cancellationToken))
            {
                seconds[metrics.Step] = metrics.Values.Deserialize<StepMetrics>()!.Seconds;
            }
            var ratio = Spread.Of(spells.Select(spell => Mean(spell.With) / Mean(spell.Without)));
            return new WatchedSpeed(
                count, spells.Average(spell => Mean(spell.With)), ratio.Median, ratio.Low, ratio.High, rounds,
                watched / (watched + trained));

            double Mean(int first) => Enumerable.Range(first, steps).Average(step => seconds[step]);

            async Task<int> With()
            {
                Signal(watching, ProcessTable.Continue);
                int first = await Begin();
                (double watchedBefore, double trainedBefore) = (Cpu([.. watching]), Cpu(silo));
                await Committed(stored, first + steps - 1, cancellationToken);
                (watched, trained) = (watched + Cpu([.. watching]) - watchedBefore, trained + Cpu(silo) - trainedBefore);
                return first;
            }

            async Task<int> Without()
            {
                Signal(watching, ProcessTable.Stop);
                int first = await Begin();
                await Committed(stored, first + steps - 1, cancellationToken);
                return first;
            }

            // Waits for a spell's beginning and gives its first step.
            async Task<int> Begin() =>
                await Committed(stored, await Committed(stored, 0, cancellationToken) + Between, cancellationToken) + 1;
        }
        finally
        {
            foreach (Process watcher in watching)
            {
                await End(watcher);
                watcher.Dispose();
            }
        }
    }

    /// <summary>Waits until a version is committed and gives the newest.</summary>
    private static async Task<int> Committed(RunStore stored, int version, CancellationToken cancellationToken)
    {
        while (true)
        {
            int newest = (await stored.ListMetricsAsync(cancellationToken)).DefaultIfEmpty(0).Max();
            if (newest >= version)
            {
                return newest;
            }
            await Task.Delay(s_look, cancellationToken);
        }
    }

    private static void Signal(IEnumerable<Process> processes, int signal)
    {
        foreach (Process process in processes)
        {
            if (ProcessTable.Find(process.Id) is not { } found || !ProcessTable.Send(found, signal))
            {
                throw new InvalidOperationException("a watcher has ended");
            }
        }
    }

    private static double Cpu(params Process[] processes) => processes.Sum(process =>
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    });

    private static async Task<string> Done(string folder, CancellationToken cancellationToken, params string[] arguments)
    {
        using Process process = ChildPrograms.Console(folder, arguments);
        string said = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}: {said}");
        }
        return said;
    }

    private static async Task End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
        await process.WaitForExitAsync(CancellationToken.None);
    }
}
