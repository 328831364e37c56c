using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Storage;

namespace Bgpo.Bench;

/// <summary>What watchers cost a run.</summary>
/// <param name="Watchers">Watching processes.</param>
/// <param name="StepSeconds">Seconds a step, over the steps that were timed.</param>
/// <param name="Ratio">Median, over the steps, of a step's time to the time of the very same step without a watcher.</param>
/// <param name="Steps">Steps timed, over all rounds.</param>
/// <param name="Share">
/// Share of the watchers in the processor time that they and the silo took meanwhile; what the silo does for them is not in it. Unlike
/// the ratio it is of one run, so the machine's own ups and downs are not in it.
/// </param>
public sealed record WatchedSpeed(int Watchers, double StepSeconds, double Ratio, int Steps, double Share);

/// <summary>
/// The same run without a watcher, with one, and with many, in turn on one silo process. Runs of a spec take bit for bit the same steps, so
/// each step is compared with itself. Watchers are processes of <c>run watch --json</c>, which have seen steps before one is timed.
/// </summary>
public static class WatchingOverhead
{
    /// <summary>
    /// Steps that watchers see before time is taken: each process compiles what shows a step only then, and again what it finds hot, which
    /// on the cores that train would be timed as if it were watching.
    /// </summary>
    private const int WarmUp = 240;

    /// <summary>Steps that a run may have taken before the watchers come.</summary>
    private const int MostBefore = 3;

    private const string Cluster = "overhead";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    /// <summary>Measures.</summary>
    /// <param name="watchers">Numbers of watchers to compare with none, ascending.</param>
    /// <param name="steps">Steps to time in a run.</param>
    /// <param name="rounds">Rounds: runs of each kind.</param>
    /// <param name="threads">Devices of the silo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<WatchedSpeed>> Measure(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bgpo-overhead-");
        string store = Path.Combine(folder.FullName, "runs");
        using Process silo = OwnProcess.Start(folder.FullName, "silo", "--cluster", Cluster, "--store", store, "--threads", $"{threads}");
        try
        {
            _ = await silo.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("the silo did not start");
            int[] kinds = [0, .. watchers];
            var seconds = kinds.ToDictionary(kind => kind, _ => new List<(double With, double Without)>());
            var shares = kinds.ToDictionary(kind => kind, _ => new List<double>());
            for (int round = 0; round < rounds; round++)
            {
                Dictionary<int, IReadOnlyDictionary<int, double>> timed = [];
                // Every other round backwards, so that what the machine does meanwhile favours none.
                foreach (int kind in round % 2 == 0 ? kinds : kinds.Reverse())
                {
                    (timed[kind], double share) = await Run(folder.FullName, store, $"watched-{kind}-{round}", kind, steps, silo, cancellationToken);
                    shares[kind].Add(share);
                }
                foreach (int kind in kinds)
                {
                    seconds[kind].AddRange(timed[kind].Where(step => timed[0].ContainsKey(step.Key)).Select(step => (step.Value, timed[0][step.Key])));
                }
            }
            return
            [
                .. kinds.Select(kind => new WatchedSpeed(
                    kind, seconds[kind].Average(step => step.With), Median(seconds[kind].Select(step => step.With / step.Without)), seconds[kind].Count,
                    Median(shares[kind]))),
            ];
        }
        finally
        {
            await End(silo);
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Takes one run to its end; seconds of the steps that were taken with all watchers there, and their share.</summary>
    private static async Task<(IReadOnlyDictionary<int, double> Seconds, double Share)> Run(
        string folder, string store, string run, int watchers, int steps, Process silo, CancellationToken cancellationToken)
    {
        int total = WarmUp + steps + MostBefore;
        await Done(
            folder, cancellationToken, "run", "start", "--cluster", Cluster, "--run", run, "--json", "--set", $"run.steps={total}", "--set",
            "evaluation.every=0", "--set", "evaluation.count=1", "--set", $"checkpoint.every={total}");
        string paused = await Done(folder, cancellationToken, "run", "pause", run, "--cluster", Cluster, "--json");
        int version = (int)JsonNode.Parse(paused)!["version"]!;
        List<Process> watching = [];
        try
        {
            for (int i = 0; i < watchers; i++)
            {
                watching.Add(OwnProcess.Start(folder, "run", "watch", run, "--cluster", Cluster, "--json"));
            }
            foreach (Process watcher in watching)
            {
                while (await watcher.StandardOutput.ReadLineAsync(cancellationToken) is { } line && !line.Contains("\"paused\"", StringComparison.Ordinal))
                {
                    // What was before the pause.
                }
                _ = watcher.StandardOutput.ReadToEndAsync(cancellationToken);
            }
            await Done(folder, cancellationToken, "run", "resume", run, "--cluster", Cluster, "--json");
            var stored = new RunStore(BlobStores.Open(store), run);
            while ((await stored.ListMetricsAsync(cancellationToken)).DefaultIfEmpty(0).Max() < version + WarmUp)
            {
                await Task.Delay(s_look, cancellationToken);
            }
            (double Watched, double Trained) begun = (Cpu([.. watching]), Cpu(silo));
            (double Watched, double Trained) now = begun;
            while ((await stored.ReadAsync(cancellationToken))!.Record.State != RunState.Completed)
            {
                try
                {
                    now = (Cpu([.. watching]), Cpu(silo));
                }
                catch (InvalidOperationException)
                {
                    // A watcher has seen the run's end.
                }
                await Task.Delay(s_look, cancellationToken);
            }
            (double watched, double trained) = (now.Watched - begun.Watched, now.Trained - begun.Trained);
            Dictionary<int, double> seconds = [];
            await foreach (Storage.StepMetrics metrics in stored.ReadMetricsAsync(version + WarmUp + 1, cancellationToken))
            {
                seconds[metrics.Step] = metrics.Values.Deserialize<Grains.StepMetrics>()!.Seconds;
            }
            return (seconds, watched / (watched + trained));
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

    private static double Cpu(params Process[] processes) => processes.Sum(process =>
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    });

    private static async Task<string> Done(string folder, CancellationToken cancellationToken, params string[] arguments)
    {
        using Process process = OwnProcess.Start(folder, arguments);
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

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
