using Bgpo.Spec;
using Bgpo.Units;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>Pretraining of the small base models, and that neither training nor sampling leaves a tensor behind.</summary>
[Collection("counts live tensors")]
public sealed class PretrainingTests
{
    [Fact]
    public void ThirtySteps_LowerTheLoss()
    {
        (List<double> losses, _) = Train(seed: 1);
        Assert.Equal(30, losses.Count);
        Assert.True(losses.TakeLast(5).Average() < 0.6 * losses.Take(5).Average(), string.Join(' ', losses));
    }

    [Fact]
    public void TheSameSeed_GivesTheSameBits_AnotherDoesNot()
    {
        float[] one = Train(seed: 1).Weights;
        Assert.Equal(one, Train(seed: 1).Weights);
        Assert.NotEqual(one, Train(seed: 2).Weights);
    }

    [Fact]
    public void CancelledTraining_Ends()
    {
        using var cancel = new CancellationTokenSource();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => Pretraining.Train(Spec(1), TinyPolicy.Tokenizer, Example, _ =>
        {
            if (++steps == 3)
            {
                cancel.Cancel();
            }
        }, cancel.Token));
        Assert.Equal(3, steps);
    }

    [Fact]
    public void TrainingSamplingAndUnits_LeaveNoTensorBehind()
    {
        using var policy = new TinyPolicy(3, ScalarType.Float32);
        GroupRecord group = TinyPolicy.Group(2, 1.3, -0.7, 0.4, -1.0);
        var pass = new GradientPass(policy.Model, TinyPolicy.Spec(4, microbatch: 3));
        double[] old = pass.LogLikelihoods(group, 0);
        int[][] prompts = [group.Prompt, group.Prompt];
        void Once()
        {
            pass.Compute(group, new UnitId(3, 0, 0), null);
            pass.Compute(group, new UnitId(4, 0, 0), old);
            pass.LogLikelihoods(group, 0);
            Sampler.Sample(policy.Model, prompts, new SamplerOptions(6, 3, 4, 1),
                (b, step) => new Philox(1, Purpose.Rollout, 0, (uint)b, (uint)step));
        }
        Once();
        // What other tests left to the collector must not go away while we count.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 50; i++)
        {
            Once();
        }
        Assert.Equal(before, Tensor.TotalCount);
        Train(seed: 1);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private static (List<double> Losses, float[] Weights) Train(long seed)
    {
        List<double> losses = [];
        ModelFolder model = Pretraining.Train(
            Spec(seed), TinyPolicy.Tokenizer, Example, step => losses.Add(step.Loss), CancellationToken.None);
        return (losses, model.Parameters);
    }

    /// <summary>A task that a letter's prior solves: every answer is "gab" and padding.</summary>
    private static TrainingExample Example(int step, int place, double noise) =>
        new(TinyPolicy.Tokenizer.EncodePrompt((place + step) % 2 == 0 ? "fed" : "be"),
            TinyPolicy.Tokenizer.EncodeResponse("gab", 5));

    private static PretrainSpec Spec(long seed) => new()
    {
        Seed = seed,
        Network = new NetworkSection { ModelWidth = 16, Layers = 1, Heads = 2, HiddenWidth = 24, MaxSequenceLength = 32 },
        Phases =
        [
            new PretrainPhase { Steps = 20, Batch = 20, Optimizer = new OptimizerSection { LearningRate = 0.01 } },
            new PretrainPhase { Steps = 10, Batch = 20, Optimizer = new OptimizerSection { LearningRate = 0.005 } },
        ],
    };
}

/// <summary>Runs alone: the count of live tensors is the whole process's.</summary>
[CollectionDefinition("counts live tensors", DisableParallelization = true)]
public sealed class CountsLiveTensors;
