using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Bgpo.Silo.Machines;

namespace Bgpo.Bench;

/// <summary>How fast a real run is on some silo processes.</summary>
/// <param name="Silos">Silo processes of one thread each.</param>
/// <param name="StepsPerSecond">Steps a second.</param>
/// <param name="SamplesPerSecond">Monte Carlo samples a second.</param>
/// <param name="Busy">Share of the time that the devices worked, from the run's own metrics.</param>
/// <param name="CommitSeconds">Of each step, seconds that the commit took.</param>
public sealed record RealScale(int Silos, double StepsPerSecond, double SamplesPerSecond, double Busy, double CommitSeconds)
{
    /// <summary>
    /// Runs at the same time that have nothing to do with one another, each on so many silos; the speeds are their sum.
    /// </summary>
    public int Runs { get; init; } = 1;
}

/// <summary>
/// The same real run, <c>bgpo train --silos</c> as users start it, on one silo process, on two, and twice on one, of one thread
/// each. All are there at once, and each goes on for a spell of steps while the others are stopped (SIGSTOP), in turn: so steps
/// are compared with those right beside them, and what the machine does over minutes is in all. The run learns too slowly to
/// change, so that every step is the same work.
/// </summary>
public static class RealScaling
{
    /// <summary>
    /// Steps before time is taken: silos start, replicas are made, and code is compiled anew as often as it runs, on the cores
    /// that train.
    /// </summary>
    private const int WarmUp = 30;

    /// <summary>Steps after a run goes on that are not timed: the one that it was stopped in, and one to be warm again.</summary>
    private const int Between = 2;

    /// <summary>Too little to learn anything: groups that are solved or hopeless would teach nothing.</summary>
    private const string Rate = "1e-12";

    /// <summary>
    /// Measures one silo, two, and two runs of one silo each, which have nothing to do with one another, round after round.
    /// </summary>
    /// <param name="steps">Steps to time in each spell.</param>
    /// <param name="rounds">Rounds.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async IAsyncEnumerable<RealScale> Measure(
        int steps, int rounds, string? config, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<TimedRun> runs = [];
        // More than it takes, but no more than twice that: the run that goes on ends by itself, should this process be killed.
        int last = 2 * (WarmUp + ((rounds + 2) * (steps + Between)));
        try
        {
            foreach (int silos in (int[])[1, 2, 1, 1])
            {
                runs.Add(await TimedRun.Start(silos, last, config, cancellationToken));
            }
            TimedRun[][] sides = [[runs[0]], [runs[1]], [runs[2], runs[3]]];
            for (int warm = 0; warm < WarmUp; warm += steps + Between)
            {
                foreach (TimedRun[] side in sides)
                {
                    await Spell(side, steps, cancellationToken);
                }
            }
            for (int round = 0; round < rounds; round++)
            {
                foreach (TimedRun[] side in sides)
                {
                    yield return await Spell(side, steps, cancellationToken);
                }
            }
        }
        finally
        {
            foreach (TimedRun run in runs)
            {
                await run.DisposeAsync();
            }
        }
    }

    private static async Task<RealScale> Spell(TimedRun[] side, int steps, CancellationToken cancellationToken)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (TimedRun run in side)
        {
            run.Signal(ProcessTable.Continue);
        }
        RealScale[] scales = await Task.WhenAll(side.Select(run => run.Time(now, steps, cancellationToken)));
        foreach (TimedRun run in side)
        {
            run.Signal(ProcessTable.Stop);
        }
        return new RealScale(
            scales[0].Silos, scales.Sum(scale => scale.StepsPerSecond), scales.Sum(scale => scale.SamplesPerSecond),
            scales.Average(scale => scale.Busy),
            scales.Average(scale => scale.CommitSeconds))
        {
            Runs = side.Length,
        };
    }

    /// <summary>A run that goes on and is stopped again; from its start it is stopped after its first step.</summary>
    private sealed class TimedRun : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-scaling-");
        private readonly int _silos;
        private readonly Process _process;
        private readonly string _identity;

        private TimedRun(int silos, int last, string? config)
        {
            _silos = silos;
            _process = ChildPrograms.Console(
                _folder.FullName,
                [
                    "train", "--json", "--silos", $"{silos}", "--threads", "1", "--run", "scaling",
                    "--store", Path.Combine(_folder.FullName, "runs"),
                    "--set", $"run.steps={last}", "--set", "evaluation.every=0", "--set", "evaluation.count=1",
                    "--set", $"checkpoint.every={last}",
                    "--set", $"optimizer.learningRate={Rate}", .. config is null ? Array.Empty<string>() : ["--config", config],
                ]);
            _identity = ProcessTable.Find(_process.Id)?.Identity ?? "";
        }

        private IEnumerable<MachineProcess> Processes =>
            [.. new[] { ProcessTable.Find(_process.Id) }.OfType<MachineProcess>(),
                .. ProcessTable.Silos(process => process.Option("--owner") == _identity)];

        public static async Task<TimedRun> Start(int silos, int last, string? config, CancellationToken cancellationToken)
        {
            var run = new TimedRun(silos, last, config);
            try
            {
                await run.Step(cancellationToken);
                run.Signal(ProcessTable.Stop);
                return run;
            }
            catch
            {
                await run.DisposeAsync();
                throw;
            }
        }

        public void Signal(int signal)
        {
            MachineProcess[] processes = [.. Processes];
            if (processes.Length != _silos + 1 || !processes.All(process => ProcessTable.Send(process, signal)))
            {
                throw new InvalidOperationException("a process of a run that is timed has ended");
            }
        }

        /// <summary>Times some steps, by the controller's own clock; what was said before is passed over.</summary>
        public async Task<RealScale> Time(long after, int steps, CancellationToken cancellationToken)
        {
            static long Committed(JsonNode step) => (long)step["unixMilliseconds"]!;
            JsonNode first;
            do
            {
                first = await Step(cancellationToken);
            }
            while (Committed(first) <= after);
            for (int i = 1; i < Between; i++)
            {
                first = await Step(cancellationToken);
            }
            var timed = new JsonNode[steps];
            for (int i = 0; i < steps; i++)
            {
                timed[i] = await Step(cancellationToken);
            }
            double seconds = (Committed(timed[^1]) - Committed(first)) / 1000.0;
            double Sum(string field) => timed.Sum(step => (double)step[field]!);
            return new RealScale(
                _silos, steps / seconds, Sum("samples") / seconds,
                (Sum("rolloutSeconds") + Sum("gradientSeconds")) / (seconds * _silos),
                Sum("commitSeconds") / steps);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (MachineProcess process in Processes)
            {
                ProcessTable.Send(process, ProcessTable.Kill);
            }
            await _process.WaitForExitAsync(CancellationToken.None);
            while (Processes.Any())
            {
                await Task.Delay(10);
            }
            _process.Dispose();
            _folder.Delete(recursive: true);
        }

        private async Task<JsonNode> Step(CancellationToken cancellationToken)
        {
            while (true)
            {
                string line = await _process.StandardOutput.ReadLineAsync(cancellationToken)
                    ?? throw new InvalidOperationException("a run that was to be timed has ended");
                JsonNode happened = JsonNode.Parse(line)!;
                if ((string?)happened["event"] == "step")
                {
                    return happened;
                }
            }
        }
    }
}
