using System.Diagnostics;
using System.Globalization;
using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Spec;
using Bgpo.Units;

namespace Bgpo.Bench.Models;

/// <summary>One measurement of a large model.</summary>
/// <param name="What">What was done.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="PeakMiB">Most resident memory meanwhile, by the kernel's count.</param>
internal sealed record ModelMeasured(string What, double Seconds, double PeakMiB);

/// <summary>
/// Loads a model's frozen weights, decodes a block, and computes gradient units of adapters, on one thread of this process.
/// </summary>
/// <param name="folder">The model's folder.</param>
/// <param name="rank">Rank of the adapters.</param>
internal sealed class ModelBench(string folder, int rank)
{
    private const int PromptLength = 16;
    private const int ResponseLength = 16;
    private const string StatusFile = "/proc/self/status";

    /// <summary>Measures.</summary>
    /// <param name="samples">The n_t of gradient units: each unit has the samples of one completion.</param>
    /// <param name="report">Told each measurement.</param>
    public void Run(IReadOnlyList<int> samples, Action<ModelMeasured> report)
    {
        Libtorch.UseOneThread();
        FrozenWeights weights = null!;
        Measure("load", report, () =>
        {
            using var files = ModelFiles.Open(folder);
            weights = FrozenWeights.Load(files);
        });
        using (weights)
        {
            using var model = new Transformer(weights, new LoraConfig(rank, rank, LoraConfig.AllLinear));
            FlatVector.Load(model, LoraConfig.Draw(model.Layout, 1));
            int[] prompt = Tokens(1, PromptLength);
            int block = model.Config.AttentionBlock > 0 ? model.Config.AttentionBlock : ResponseLength;
            Measure($"decode a block of {block}, 1 step", report, () => Sampler.Sample(
                model, [prompt], new SamplerOptions(block, block, 1, 0), (_, step) =>
                    new Philox(1, Purpose.Rollout, 0, 0, (uint)step)));
            foreach (int count in samples)
            {
                Measure(string.Create(CultureInfo.InvariantCulture, $"gradient unit, n_t {count}"), report,
                    () => Gradient(model, prompt, count));
            }
        }
    }

    private static void Gradient(Transformer model, int[] prompt, int samples)
    {
        RunSpec spec = new()
        {
            Rollout = new RolloutSection
            {
                Prompts = 1,
                Completions = 2,
                ResponseLength = ResponseLength,
                BlockLength = ResponseLength,
            },
            Objective = new ObjectiveSection { Samples = samples },
            Units = new UnitSection { Samples = samples, Microbatch = 1, Recompute = true },
        };
        var group = new GroupRecord(0, 0, prompt, [Tokens(2, ResponseLength), Tokens(3, ResponseLength)], [1, -1]);
        new GradientPass(model, spec).Compute(group, new UnitPlan(spec).UnitsOf(0, 0).First(), null);
    }

    private static int[] Tokens(uint item, int count)
    {
        var stream = new Philox(1, Purpose.Other, 0, item);
        return [.. Enumerable.Range(0, count).Select(i => stream.Below((uint)i, 200))];
    }

    private static void Measure(string what, Action<ModelMeasured> report, Action work)
    {
        File.WriteAllText("/proc/self/clear_refs", "5"); // the peak counts from here
        long started = Stopwatch.GetTimestamp();
        work();
        report(new ModelMeasured(what, Stopwatch.GetElapsedTime(started).TotalSeconds, PeakMiB()));
    }

    private static double PeakMiB()
    {
        string line = File.ReadLines(StatusFile).First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024.0;
    }
}
