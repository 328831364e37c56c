using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>A tiny network in double precision with random weights, and random groups to learn from.</summary>
internal sealed class TinyPolicy : IDisposable
{
    public const int ResponseLength = 6;

    public TinyPolicy(ulong seed, ScalarType type = ScalarType.Float64)
    {
        Model = new Transformer(Config, type: type);
        FlatVector.Load(Model, Weights(seed));
    }

    public static CharacterTokenizer Tokenizer { get; } = new("abcdefg");

    public static ModelConfig Config { get; } = Pretraining.ConfigOf(
        new NetworkSection { ModelWidth = 16, Layers = 2, Heads = 2, HiddenWidth = 24, MaxSequenceLength = 32 }, Tokenizer);

    public Transformer Model { get; }

    /// <summary>Weights of a size at which the network is far from uniform.</summary>
    public static float[] Weights(ulong seed)
    {
        float[] flat = Initialization.Draw(new ParameterLayout(Config), seed);
        return [.. flat.Select(w => w == 1 ? 1f : 2 * w)];
    }

    public static RunSpec Spec(
        int samples, int unitSamples = 64, int microbatch = 64, Masking masking = Masking.Exact,
        Timesteps timesteps = Timesteps.Uniform) => new()
        {
            Run = new RunSection { Seed = 11 },
            Rollout = new RolloutSection
            {
                Prompts = 1,
                Completions = 4,
                ResponseLength = ResponseLength,
                BlockLength = ResponseLength,
            },
            Objective = new ObjectiveSection { Samples = samples, Masking = masking, Timesteps = timesteps },
            Units = new UnitSection { Samples = unitSamples, Microbatch = microbatch },
        };

    /// <summary>A group of four completions of random letters with these advantages.</summary>
    public static GroupRecord Group(ulong seed, params double[] advantages)
    {
        var stream = new Philox(seed, Purpose.Other);
        var completions = new int[advantages.Length][];
        for (int c = 0; c < completions.Length; c++)
        {
            completions[c] = new int[ResponseLength];
            for (int p = 0; p < ResponseLength; p++)
            {
                completions[c][p] = stream.Below((uint)((c * ResponseLength) + p), 7);
            }
        }
        return new GroupRecord(3, 0, Tokenizer.EncodePrompt("gab"), completions, advantages);
    }

    /// <summary>The gradient that the model's flat vector holds, in double.</summary>
    public double[] Gradient()
    {
        using Tensor copy = Model.Gradients.detach().to(ScalarType.Float64);
        return copy.data<double>().ToArray();
    }

    public void Dispose() => Model.Dispose();

    public static double RelativeError(double[] actual, double[] expected)
    {
        double difference = Math.Sqrt(actual.Zip(expected, (a, b) => (a - b) * (a - b)).Sum());
        return difference / Math.Sqrt(expected.Sum(x => x * x));
    }
}
