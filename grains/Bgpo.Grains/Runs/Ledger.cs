using System.Globalization;
using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Units;

namespace Bgpo.Grains.Runs;

/// <summary>
/// What went into the weights, sample by sample: each committed step's metrics hold the units that were in the sum of every shard
/// (as the shards said before they committed), and the journal and the spec say which must have been.
/// </summary>
public static class Ledger
{
    /// <summary>Writes units down, a string a group in order: <c>3:0-7</c> for the blocks 0 to 7 of group 3.</summary>
    /// <param name="units">Units of one step.</param>
    public static string[] Write(IEnumerable<UnitName> units) =>
        [.. units.GroupBy(unit => unit.Group).OrderBy(group => group.Key)
            .Select(group => $"{group.Key}:{Ranges([.. group.Select(unit => unit.Block).Order()])}")];

    /// <summary>Reads units back, each as often as it is written.</summary>
    /// <param name="step">Their step.</param>
    /// <param name="lines">What <see cref="Write"/> wrote.</param>
    /// <exception cref="FormatException">It did not write that.</exception>
    public static IEnumerable<UnitName> Read(int step, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string[] parts = line.Split(':');
            foreach (string range in parts.Length == 2 ? parts[1].Split(',')
                : throw new FormatException($"'{line}' is no group's units."))
            {
                int[] ends = [.. range.Split('-').Select(end => int.Parse(end, NumberStyles.None, CultureInfo.InvariantCulture))];
                for (int block = ends[0]; block <= ends[^1]; block++)
                {
                    yield return new UnitName(step, int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture), block);
                }
            }
        }
    }

    /// <summary>
    /// Checks every committed step of a run: each sample that the spec and the journal ask for counted once, and no other.
    /// </summary>
    /// <param name="store">The run.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="RunException">There is no such run, or its record is bad.</exception>
    /// <exception cref="StorageException">The store refuses.</exception>
    public static async Task<LedgerReport> Check(RunStore store, CancellationToken cancellationToken = default)
    {
        StoredRun run = await store.ReadAsync(cancellationToken)
            ?? throw new RunException($"there is no run '{store.RunId}' in {store.Blobs.Location}.");
        var plan = new UnitPlan(SpecLoader.Load<RunSpec>(run.Record.Spec, $"run.json of {store.RunId}", []));
        List<string> faults = [];
        int version = run.Record.FirstVersion;
        long samples = 0;
        await foreach (StoredMetrics stored in store.ReadMetricsAsync(1, cancellationToken))
        {
            for (version++; version < stored.Step; version++)
            {
                faults.Add($"version {version} has no metrics");
            }
            StepMetrics metrics = stored.Values.Deserialize<StepMetrics>()!;
            int step = version - 1;
            if (await store.ReadJournalAsync(plan.BatchStep(step), cancellationToken) is not { } journal)
            {
                faults.Add($"step {step}: the journal of step {plan.BatchStep(step)} is missing");
                continue;
            }
            faults.AddRange(Compare(plan, step, journal, metrics, out int counted));
            samples += counted;
        }
        return new LedgerReport(version, samples, faults);
    }

    private static List<string> Compare(UnitPlan plan, int step, JournalStep journal, StepMetrics metrics, out int samples)
    {
        Dictionary<(int Group, SampleId Sample), int> counted = [];
        foreach (UnitName unit in Read(step, metrics.Ledger))
        {
            foreach (SampleId sample in plan.SamplesOf(unit.Block))
            {
                counted[(unit.Group, sample)] = counted.GetValueOrDefault((unit.Group, sample)) + 1;
            }
        }
        samples = counted.Values.Sum();
        List<string> faults = [];
        foreach (int group in Enumerable.Range(plan.FirstGroup(step), plan.GroupsPerUpdate)
            .Where(g => journal.Groups[g].HasSignal))
        {
            foreach (SampleId sample in plan.SamplesOfGroup())
            {
                if (!counted.Remove((group, sample), out int times) || times != 1)
                {
                    faults.Add($"step {step}: sample {sample.Draw} of completion {sample.Completion} of group {group} counted " +
                        $"{times} times");
                }
            }
        }
        faults.AddRange(counted.Keys.Select(key =>
            $"step {step}: sample {key.Sample.Draw} of completion {key.Sample.Completion} of group {key.Group} counted, which " +
                "teaches nothing"));
        return faults;
    }

    private static string Ranges(int[] blocks)
    {
        List<string> ranges = [];
        for (int from = 0, to; from < blocks.Length; from = to + 1)
        {
            for (to = from; to + 1 < blocks.Length && blocks[to + 1] == blocks[to] + 1; to++)
            {
            }
            ranges.Add(from == to ? $"{blocks[from]}" : $"{blocks[from]}-{blocks[to]}");
        }
        return string.Join(',', ranges);
    }
}

/// <summary>What a check of a run's ledger found.</summary>
/// <param name="Steps">Committed steps.</param>
/// <param name="Samples">Samples that were counted.</param>
/// <param name="Faults">What is wrong, a line each; empty when every sample counted exactly once.</param>
public sealed record LedgerReport(int Steps, long Samples, IReadOnlyList<string> Faults);
