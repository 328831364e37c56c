// BGPO in one file: "Boundary-Guided Policy Optimization for Memory-efficient RL of Diffusion Large Language Models"
// (arXiv 2510.11683) from top to bottom: one process, one thread, no grains.
//
//     dotnet run --project examples/bgpo-in-one-file -c Release                      # 20 steps of configs/sudoku.yaml
//     dotnet run --project examples/bgpo-in-one-file -c Release -- run.steps=10 objective.samples=16
//
// Symbols:
//   x, y          a prompt, and a completion of L tokens; the G completions of a prompt are a group; B prompts are a batch
//   theta         the weights; theta_old: the weights that sampled the batch
//   y_t           y with some tokens masked at timestep t; (t_j, mask_j) is the j-th of n_t Monte Carlo samples
//   l_j(theta)    = weight_j * (sum over masked i of log p_theta(y_i | y_t, x)), the likelihood of one sample
//   Bhat(theta)   = (1 / n_t) * (sum over j of l_j(theta)), the estimate of the ELBO
//   A             the advantage of a completion

#pragma warning disable CA1502 // One file from top to bottom is what this is.

using System.Diagnostics;
using Bgpo;
using Bgpo.ExactSums;
using Bgpo.Model;
using Bgpo.Objectives;
using Bgpo.Optimizer;
using Bgpo.Spec;
using Bgpo.Tasks;
using Bgpo.Units;

string project = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(project, "Orleans.sln")))
{
    project = Path.GetDirectoryName(project) ?? throw new DirectoryNotFoundException("start this inside the project's folder");
}
string file = Path.Combine(project, "configs", "sudoku.yaml");
RunSpec spec = SpecLoader.Load<RunSpec>(File.ReadAllText(file), file, args.Length > 0 ? args : ["run.steps=20"]);
ulong seed = (ulong)spec.Run.Seed;
var plan = new UnitPlan(spec); // which groups a step learns from, and which samples make a unit
await using ITask task = TaskRegistry.Create(spec.Task);

// The policy: a transformer whose weights are one flat vector theta. AdamW's moments lie beside it.
Libtorch.UseOneThread();
ModelFolder model = ModelFolder.Load(Path.Combine(project, spec.Model.Path));
using var policy = new Transformer(model.Config);
float[] theta = model.Parameters;
var firstMoment = new float[theta.Length];
var secondMoment = new float[theta.Length];
var gradient = new float[theta.Length];
var sum = new ExactSum(theta.Length);
Console.WriteLine($"{theta.Length:N0} parameters, {spec.Run.Steps} steps, {plan.CompletionsPerUpdate} completions a step");

Group[] batch = [];
for (int step = 0; step < spec.Run.Steps; step++)
{
    long started = Stopwatch.GetTimestamp();
    FlatVector.Load(policy, theta);

    // 1. Sample a batch when the last one is used up; theta is its theta_old. One update a batch (the spec's default) is
    //    on-policy: theta = theta_old in every step.
    if (plan.IsOnPolicy(step))
    {
        batch = new Group[spec.Rollout.Prompts];
        for (int place = 0; place < batch.Length; place++)
        {
            batch[place] = await SampleAsync(step, place);
        }
    }

    // 2. The loss is the mean of -R_lb over the step's B x G completions, and R_lb is a sum over samples. So the gradient is a
    //    sum over units of samples, computed one after the other: memory does not depend on n_t. ExactSum adds in fixed point,
    //    so the order of units does not matter, not even in the last bit.
    double objective = 0;
    sum.Clear();
    Group[] groups = batch[plan.FirstGroup(step)..][..plan.GroupsPerUpdate];
    foreach (Group group in groups.Where(group => group.HasSpread))
    {
        foreach (UnitId unit in plan.UnitsOf(step, group.Place))
        {
            objective += Differentiate(group, unit);
            FlatVector.CopyTo(policy.Gradients, gradient);
            _ = ContributionBound.Fit(gradient); // off-policy exp(d) may be huge
            sum.Add(gradient, unit);
        }
    }

    // 3. One step of AdamW on the mean gradient, clipped by its norm.
    double norm = Math.Sqrt(sum.SumOfSquares(plan.CompletionsPerUpdate));
    sum.Mean(gradient, plan.CompletionsPerUpdate);
    AdamW.Step(
        theta, firstMoment, secondMoment, gradient, spec.Optimizer, LearningRate.At(spec.Optimizer, step, spec.Run.Steps),
        AdamW.ClipFactor(norm, spec.Optimizer.ClipNorm), step + 1);

    // On-policy the objective's value is the sum of A, which is 0 in every group; its gradient is not.
    double value = Math.Round(objective / plan.CompletionsPerUpdate, 4) + 0.0; // no -0
    Score[] scores = [.. groups.SelectMany(group => group.Scores)];
    Console.WriteLine(
        $"step {step,3}  mean reward {scores.Average(score => score.Reward):F3}"
        + $"  solved {scores.Average(score => score.Exact ? 1.0 : 0.0):F3}  objective {value,7:F4}"
        + $"  norm {norm:F2}  {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
}
Console.WriteLine($"weights sha256 {WeightsHash.Of(theta)}");

// A group: G completions of a prompt by LLaDA's sampler (all masks at first; each denoising step keeps the most confident
// tokens), their rewards r, and A = (r - mean r) / std r.
async Task<Group> SampleAsync(int step, int place)
{
    RolloutSection rollout = spec.Rollout;
    Prompt prompt = task.TrainingPrompt(seed, step, place);
    int[] x = model.Tokenizer.EncodePrompt(prompt.Text);
    int[][] completions = Sampler.Sample(
        policy, [.. Enumerable.Repeat(x, rollout.Completions)],
        new SamplerOptions(rollout.ResponseLength, rollout.BlockLength, rollout.DenoisingSteps, rollout.Temperature),
        (c, denoising) => new Philox(seed, Purpose.Rollout, (uint)step, Philox.Item(place, c), (uint)denoising));
    var scores = new Score[completions.Length];
    for (int c = 0; c < scores.Length; c++)
    {
        scores[c] = await task.ScoreAsync(prompt, model.Tokenizer.Decode(completions[c]));
    }
    double[] advantages = Advantage.OfGroup([.. scores.Select(score => score.Reward)], spec.Objective.NormalizeByStd);

    var group = new Group(step, place, x, completions, scores, advantages, []);
    if (plan.UpdatesPerBatch > 1 && group.HasSpread)
    {
        // Later updates of the batch compare with l_j(theta_old).
        foreach (SampleId[] samples in plan.SamplesOfGroup().Chunk(spec.Units.Microbatch))
        {
            using var likelihood = new MaskedLikelihood(policy, [.. samples.Select(sample => Mask(group, sample))]);
            for (int i = 0; i < samples.Length; i++)
            {
                group.OldLikelihoods[samples[i]] = likelihood.Values[i];
            }
        }
    }
    return group;
}

// Returns the sum of a unit's g_j, and leaves the gradient of minus that sum in policy.Gradients.
double Differentiate(Group group, UnitId unit)
{
    policy.BindGradients(); // sets them to zero
    double objective = 0;
    foreach (SampleId[] samples in plan.SamplesOf(unit.Block).Chunk(spec.Units.Microbatch))
    {
        // The graphs of a microbatch are alive together, no more.
        using var likelihood = new MaskedLikelihood(policy, [.. samples.Select(sample => Mask(group, sample))]);
        var coefficients = new double[samples.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            // The ELBO-based objective is Rhat = A exp(Bhat(theta) - Bhat(theta_old)) = A exp((1 / n_t) * (sum over j of d_j)),
            // d_j = l_j(theta) - l_j(theta_old). Its gradient needs the graphs of all n_t samples at once. BGPO maximises a
            // lower bound of it that is linear in the samples, R_lb = sum over j of g_j:
            //     A >= 0:  g_j = A (1 + d_j) / n_t       since e^x >= 1 + x
            //     A <  0:  g_j = A exp(d_j) / n_t        by Jensen's inequality
            // Where theta = theta_old, R_lb and Rhat are equal in value and in gradient.
            double d = plan.IsOnPolicy(unit.Step) ? 0 : likelihood.Values[i] - group.OldLikelihoods[samples[i]];
            ObjectiveTerm g = Objective.Term(
                group.Advantages[samples[i].Completion], d, spec.Objective.Samples, spec.Objective.MaxLogRatio);
            objective += g.Value;
            coefficients[i] = Math.Min(-g.Derivative, Objective.MostDerivative);
        }
        likelihood.Backward(coefficients); // adds the sum over the samples of -(dg_j / dl_j) * grad l_j(theta)
    }
    return objective;
}

// One Monte Carlo sample: t, the tokens that are masked, and the weight (1 / t with Bernoulli masks, L / k where exactly k tokens
// are masked). It follows from its address alone, so theta and theta_old see the same (t_j, mask_j).
MaskedSample Mask(Group group, SampleId sample)
{
    int[] y = group.Completions[sample.Completion];
    int end = spec.Objective.CountPadding ? -1 : Array.IndexOf(y, model.Config.EndToken);
    var mask = new bool[end < 0 ? y.Length : end + 1];
    uint item = Philox.Item(group.Place, sample.Completion);
    double weight = MonteCarlo.Draw(spec.Objective, seed, group.BatchStep, item, sample.Draw, mask);
    return new MaskedSample(group.Prompt, y, mask, weight);
}

internal sealed record Group(
    int BatchStep, int Place, int[] Prompt, int[][] Completions, Score[] Scores, double[] Advantages,
    Dictionary<SampleId, double> OldLikelihoods)
{
    // Without spread in its rewards all A are 0: nothing to learn from.
    public bool HasSpread { get; } = Advantages.Any(advantage => advantage != 0);
}
