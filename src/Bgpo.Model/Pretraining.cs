using Bgpo.Model.Tokenizers;
using Bgpo.Objectives;
using Bgpo.Optimizer;
using Bgpo.Spec;

namespace Bgpo.Model;

/// <summary>An answer to learn: prompt tokens and response tokens.</summary>
/// <param name="Prompt">Prompt tokens, never masked.</param>
/// <param name="Response">Response tokens, end-of-sequence padding included.</param>
public sealed record TrainingExample(int[] Prompt, int[] Response);

/// <summary>How far pretraining has come.</summary>
/// <param name="Phase">Phase, from 1.</param>
/// <param name="Step">Step of the phase, from 1.</param>
/// <param name="Loss">The step's loss: the negative ELBO per response token, in nats.</param>
public readonly record struct PretrainStep(int Phase, int Step, double Loss);

/// <summary>
/// Masked-diffusion SFT (LLaDA, section 2.3): responses are masked at a random rate, prompts never, and the network learns to
/// fill them in. Makes the small base models that BGPO starts from.
/// </summary>
public static class Pretraining
{
    /// <summary>Masks with exactly k tokens, k uniform on 1..L: the estimator of least variance here.</summary>
    private static readonly ObjectiveSection s_masking = new()
    {
        Masking = Masking.Exact,
        Timesteps = Timesteps.Uniform,
        Samples = 1,
    };

    /// <summary>Samples whose graphs are alive together.</summary>
    private const int Microbatch = 16;

    /// <summary>Trains a new model.</summary>
    /// <param name="spec">Network, phases and seed.</param>
    /// <param name="tokenizer">Its vocabulary.</param>
    /// <param name="example">The example of a step and place in the batch, at an answer noise.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training with an exception.</param>
    /// <returns>The trained model.</returns>
    public static ModelFolder Train(
        PretrainSpec spec, ITokenizer tokenizer, Func<int, int, double, TrainingExample> example,
        Action<PretrainStep> progress, CancellationToken cancellationToken)
    {
        ModelConfig config = ConfigOf(spec.Network, tokenizer);
        using var model = new Transformer(config);
        float[] weights = Initialization.Draw(model.Layout, (ulong)spec.Seed);
        var gradient = new float[weights.Length];
        int taken = 0;
        for (int p = 0; p < spec.Phases.Count; p++)
        {
            PretrainPhase phase = spec.Phases[p];
            var first = new float[weights.Length];
            var second = new float[weights.Length];
            for (int step = 0; step < phase.Steps; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                FlatVector.Load(model, weights);
                model.BindGradients();
                double loss = 0;
                foreach (int[] places in Enumerable.Range(0, phase.Batch).Chunk(Microbatch))
                {
                    loss += Accumulate(model, spec, places, taken, phase, example);
                }
                FlatVector.CopyTo(model.Gradients, gradient);
                double norm = Math.Sqrt(gradient.Sum(g => (double)g * g));
                AdamW.Step(
                    weights, first, second, gradient, phase.Optimizer, LearningRate.At(phase.Optimizer, step, phase.Steps),
                    AdamW.ClipFactor(norm, phase.Optimizer.ClipNorm), step + 1);
                taken++;
                progress(new PretrainStep(p + 1, step + 1, loss));
            }
        }
        return new ModelFolder(config, tokenizer, weights);
    }

    /// <summary>The configuration of a small network with a tokenizer's vocabulary.</summary>
    /// <param name="network">Its shape.</param>
    /// <param name="tokenizer">Its vocabulary.</param>
    public static ModelConfig ConfigOf(NetworkSection network, ITokenizer tokenizer) => new()
    {
        Width = network.ModelWidth,
        Layers = network.Layers,
        Heads = network.Heads,
        KeyValueHeadsOrNull = network.Heads,
        Hidden = network.HiddenWidth,
        Vocabulary = tokenizer.Vocabulary,
        MaxSequenceLength = network.MaxSequenceLength,
        RopeTheta = network.RopeTheta,
        MaskToken = tokenizer.MaskToken,
        EndToken = tokenizer.EndToken,
        PadToken = tokenizer.EndToken,
    };

    /// <summary>Adds the gradient of a microbatch's share of the loss; returns that share.</summary>
    private static double Accumulate(
        Transformer model, PretrainSpec spec, int[] places, int step, PretrainPhase phase,
        Func<int, int, double, TrainingExample> example)
    {
        var samples = new List<MaskedSample>(places.Length);
        foreach (int place in places)
        {
            TrainingExample answer = example(step, place, phase.AnswerNoise);
            var mask = new bool[answer.Response.Length];
            double weight = MonteCarlo.Draw(s_masking, (ulong)spec.Seed, step, (uint)place, 0, mask);
            samples.Add(new MaskedSample(answer.Prompt, answer.Response, mask, weight));
        }
        double loss = 0;
        // Sequences that are run together must be equally long.
        foreach (IGrouping<int, MaskedSample> group in samples.GroupBy(sample => sample.Prompt.Length + sample.Response.Length))
        {
            MaskedSample[] batch = [.. group];
            using var pass = new MaskedLikelihood(model, batch);
            double[] coefficients = [.. batch.Select(sample => -1.0 / (phase.Batch * sample.Response.Length))];
            loss += pass.Values.Zip(coefficients, (value, coefficient) => value * coefficient).Sum();
            pass.Backward(coefficients);
        }
        return loss;
    }
}
