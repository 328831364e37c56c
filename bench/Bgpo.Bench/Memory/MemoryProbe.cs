using System.Globalization;
using Bgpo.ExactSums;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Units;
using static TorchSharp.torch;

namespace Bgpo.Bench;

/// <summary>
/// The gradient phase of one group at a time, as a learner runs it, in a process of its own: what it holds at its peak, by the
/// kernel's count of this process's resident memory.
/// </summary>
public static class MemoryProbe
{
    /// <summary>Completions of a group.</summary>
    private const int Completions = 8;

    /// <summary>
    /// Microbatches that every measurement runs, so that what a process gathers over time is the same for every n_t.
    /// </summary>
    private const int Microbatches = 512;

    private const int ResponseLength = 16;
    private const string StatusFile = "/proc/self/status";

    /// <summary>Runs the phase on this thread.</summary>
    /// <param name="objective"><c>bgpo</c>, or <c>elbo</c> for the objective that it bounds, whose gradient needs the n_t
    /// graphs of a completion together.</param>
    /// <param name="samples">n_t.</param>
    /// <returns>Resident MiB before the phase, and at its peak.</returns>
    public static (double BaseMiB, double PeakMiB) Measure(string objective, int samples)
    {
        Libtorch.UseOneThread();
        var tokenizer = new CharacterTokenizer(CharacterTokenizer.Arithmetic);
        ModelConfig config = Pretraining.ConfigOf(new NetworkSection(), tokenizer);
        using var model = new Transformer(config);
        FlatVector.Load(model, Initialization.Draw(model.Layout, 1));
        var gradient = new float[model.Layout.Length];
        var sum = new ExactSum(gradient.Length);
        // What every n_t needs is not counted: libtorch's own buffers, compiled code, the flat vectors.
        Phase(model, "bgpo", 1, tokenizer, gradient, sum, groups: 4);
        double before = ReadMiB("VmRSS");
        int groups = objective == "bgpo" ? Math.Max(1, Microbatches / samples) : 4;
        Phase(model, objective, samples, tokenizer, gradient, sum, groups);
        return (before, ReadMiB("VmHWM"));
    }

    private static void Phase(
        Transformer model, string objective, int samples, CharacterTokenizer tokenizer, float[] gradient, ExactSum sum,
        int groups)
    {
        RunSpec spec = new()
        {
            Rollout = new RolloutSection { Prompts = 1, Completions = Completions, ResponseLength = ResponseLength },
            Objective = new ObjectiveSection { Samples = samples },
            Units = new UnitSection { Samples = 32, Microbatch = Completions },
        };
        var plan = new UnitPlan(spec);
        var pass = new GradientPass(model, spec);
        for (int g = 0; g < groups; g++)
        {
            GroupRecord group = RandomGroup(g, tokenizer);
            foreach (UnitId unit in plan.UnitsOf(0, g))
            {
                if (objective == "bgpo")
                {
                    pass.Compute(group, unit, null);
                    FlatVector.CopyTo(model.Gradients, gradient);
                    sum.Add(gradient, unit);
                }
            }
            if (objective == "elbo")
            {
                OneGraph(model, pass, group, samples);
            }
        }
    }

    /// <summary>
    /// A exp(Bhat - Bhat_old) of the group's completions: all n_t graphs of each alive until the one backward pass.
    /// </summary>
    private static void OneGraph(Transformer model, GradientPass pass, GroupRecord group, int samples)
    {
        model.BindGradients();
        SampleId[] all = [.. Enumerable.Range(0, Completions * samples)
            .Select(s => new SampleId(s % Completions, s / Completions))];
        using IDisposable scope = NewDisposeScope();
        using var likelihood = new MaskedLikelihood(model, pass.Masked(group, all));
        Tensor objective = zeros(1);
        for (int c = 0; c < Completions; c++)
        {
            Tensor estimate = likelihood.Weighted([.. all.Select(sample => sample.Completion == c ? 1.0 / samples : 0)]);
            objective = objective + ((estimate - estimate.detach()).exp() * group.Advantages[c]);
        }
        (-objective).backward();
    }

    private static GroupRecord RandomGroup(int group, CharacterTokenizer tokenizer)
    {
        var stream = new Philox(1, Purpose.Other, (uint)group);
        int[][] completions = [.. Enumerable.Range(0, Completions).Select(c => Enumerable.Range(0, ResponseLength)
            .Select(p => stream.Below((uint)((c * ResponseLength) + p), 10)).ToArray())];
        double[] advantages = [.. Enumerable.Range(0, Completions).Select(c => c % 2 == 0 ? 1.0 : -1.0)];
        return new GroupRecord(0, group, tokenizer.EncodePrompt("3102200002100320"), completions, advantages);
    }

    private static double ReadMiB(string field)
    {
        string line = File.ReadLines(StatusFile).First(text => text.StartsWith(field + ":", StringComparison.Ordinal));
        string kib = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kib, CultureInfo.InvariantCulture) / 1024.0;
    }
}
