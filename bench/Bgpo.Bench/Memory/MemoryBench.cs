using System.Diagnostics;
using System.Globalization;

namespace Bgpo.Bench;

/// <summary>The gradient phase's peak memory for several n_t, and what the one-graph ELBO objective would take.</summary>
internal static class MemoryBench
{
    /// <summary>Measures each in a process of its own, since memory once taken is not given back.</summary>
    /// <param name="samples">The n_t to compare, ascending; the first is the base of the ratio.</param>
    /// <param name="progress">Is told every row.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<MemoryOutcome> Measure(
        IReadOnlyList<int> samples, IProgress<MemoryMeasured> progress, CancellationToken cancellationToken)
    {
        List<MemoryMeasured> rows = [];
        foreach (string objective in new[] { "bgpo", "elbo" })
        {
            foreach (int count in samples)
            {
                MemoryMeasured row = await Probe(objective, count, cancellationToken);
                rows.Add(row);
                progress.Report(row);
            }
        }
        MemoryMeasured[] bgpo = [.. rows.Where(row => row.Objective == "bgpo")];
        return new MemoryOutcome(rows, bgpo[^1].PeakMiB / bgpo[0].PeakMiB);
    }

    private static async Task<MemoryMeasured> Probe(string objective, int samples, CancellationToken cancellationToken)
    {
        using Process process =
            ChildPrograms.Bench(Path.GetTempPath(), "bench", "memory", "--probe", objective, "--samples", $"{samples}");
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        double[] numbers = process.ExitCode == 0
            ? [.. output.Split(' ', StringSplitOptions.TrimEntries)
                .Select(text => double.Parse(text, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"the probe of {objective} with n_t = {samples} ended with {process.ExitCode}");
        return new MemoryMeasured(objective, samples, PeakMiB: numbers[1], BaseMiB: numbers[0]);
    }
}

/// <summary>One measurement.</summary>
/// <param name="Objective"><c>bgpo</c> or <c>elbo</c> (the one-graph objective).</param>
/// <param name="Samples">n_t.</param>
/// <param name="PeakMiB">Peak resident memory of the gradient phase, MiB.</param>
/// <param name="BaseMiB">Resident memory before it, MiB.</param>
internal sealed record MemoryMeasured(string Objective, int Samples, double PeakMiB, double BaseMiB);

/// <summary>All measurements.</summary>
/// <param name="Rows">In the order measured.</param>
/// <param name="Ratio">BGPO's peak with the largest n_t over that with the smallest.</param>
internal sealed record MemoryOutcome(IReadOnlyList<MemoryMeasured> Rows, double Ratio);
