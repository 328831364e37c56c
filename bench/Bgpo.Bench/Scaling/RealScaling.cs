using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bgpo.Bench;

/// <summary>How fast a real run is on some silo processes.</summary>
/// <param name="Silos">Silo processes of one thread each.</param>
/// <param name="StepsPerSecond">Steps a second.</param>
/// <param name="SamplesPerSecond">Monte Carlo samples a second.</param>
/// <param name="Busy">Share of the time that the devices worked, from the run's own metrics.</param>
/// <param name="CommitSeconds">Of each step, seconds that the commit took.</param>
public sealed record RealScale(int Silos, double StepsPerSecond, double SamplesPerSecond, double Busy, double CommitSeconds)
{
    /// <summary>Runs at the same time that have nothing to do with one another, each on so many silos; the speeds are their sum.</summary>
    public int Runs { get; init; } = 1;
}

/// <summary>
/// The same real run, <c>bgpo train --silos</c> as users start it, on one silo process and on several of one thread each. The run's
/// weights are the same on any number, so every step is the same work.
/// </summary>
public static class RealScaling
{
    /// <summary>
    /// Steps before time is taken: silos start, replicas are made, and code is compiled anew as often as it runs, on the cores that train.
    /// </summary>
    private const int WarmUp = 15;

    /// <summary>Measures two runs of one silo process each, at the same time: what the machine has for two at best.</summary>
    /// <param name="steps">Steps to time.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RealScale> RunApart(int steps, string? config, CancellationToken cancellationToken)
    {
        RealScale[] both = await Task.WhenAll(Run(1, steps, config, cancellationToken), Run(1, steps, config, cancellationToken));
        return new RealScale(
            1, both.Sum(run => run.StepsPerSecond), both.Sum(run => run.SamplesPerSecond), both.Average(run => run.Busy), both.Average(run => run.CommitSeconds))
        {
            Runs = both.Length,
        };
    }

    /// <summary>Measures.</summary>
    /// <param name="silos">How many silo processes.</param>
    /// <param name="steps">Steps to time.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RealScale> Run(int silos, int steps, string? config, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bgpo-scaling-");
        int last = WarmUp + steps;
        string[] arguments =
        [
            "train", "--json", "--silos", $"{silos}", "--threads", "1", "--run", "scaling", "--store", folder.FullName,
            "--steps", $"{last}", "--set", "evaluation.every=0", "--set", "evaluation.count=1", "--set", $"checkpoint.every={last}",
            .. config is null ? Array.Empty<string>() : ["--config", config],
        ];
        using Process run = OwnProcess.Start(folder.FullName, arguments);
        try
        {
            long started = 0;
            List<JsonNode> timed = [];
            while (timed.Count < steps)
            {
                string line = await run.StandardOutput.ReadLineAsync(cancellationToken)
                    ?? throw new InvalidOperationException("the run that was to be timed ended before its last step");
                JsonNode happened = JsonNode.Parse(line)!;
                if ((string?)happened["event"] != "step")
                {
                    continue;
                }
                if ((int)happened["version"]! == WarmUp)
                {
                    started = Stopwatch.GetTimestamp();
                }
                else if (started != 0)
                {
                    timed.Add(happened);
                }
            }
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            double Sum(string field) => timed.Sum(step => (double)step[field]!);
            await run.StandardOutput.ReadToEndAsync(cancellationToken);
            await run.WaitForExitAsync(cancellationToken);
            return new RealScale(
                silos, steps / seconds, Sum("samples") / seconds, (Sum("rolloutSeconds") + Sum("gradientSeconds")) / (seconds * silos),
                Sum("commitSeconds") / steps);
        }
        finally
        {
            if (!run.HasExited)
            {
                // Its silos leave when it is gone: it holds their input.
                run.Kill();
                await run.WaitForExitAsync(CancellationToken.None);
            }
            folder.Delete(recursive: true);
        }
    }
}
