using System.Diagnostics;
using System.Runtime.InteropServices;
using Bgpo.ExactSums;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Bgpo.Model;
using static TorchSharp.torch;

namespace Bgpo.Silo.Devices;

/// <summary>
/// One device's copy of a run's model, used for rollouts and gradients alike. Used on its device's thread only.
/// </summary>
public sealed class PolicyReplica : IDisposable
{
    private readonly RunContext _run;
    private readonly Transformer _model;
    private readonly GradientPass _gradient;
    private readonly Action _release;
    private Weights? _taken;
    private bool _disposed;

    /// <summary>An empty replica.</summary>
    /// <param name="run">The run.</param>
    /// <param name="bases">The frozen weights of this silo.</param>
    /// <param name="on">The device, <c>cuda:0</c>.</param>
    public PolicyReplica(RunContext run, BaseWeights bases, string on)
    {
        _run = run;
        (_model, _release) = bases.NewNetwork(run, on);
        _gradient = new GradientPass(_model, run.Spec, run.Tokenizer.EndTokens);
    }

    /// <summary>Key of the run it belongs to.</summary>
    public string Run => _run.Key;

    /// <summary>Samples completions with a version's weights.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="request">What to sample.</param>
    public RolloutResult Sample(Weights weights, RolloutRequest request)
    {
        long started = Stopwatch.GetTimestamp();
        Take(weights);
        int[][] prompts = [.. request.Prompts.Select(_run.Tokenizer.EncodePrompt)];
        var trace = request.Purpose == Purpose.Rollout ? new SetTokens(prompts.Length, _run.Spec.Rollout.ResponseLength) : null;
        int[][] completions = Sampler.Sample(
            _model, prompts, _run.Sampling(request.DenoisingSteps, request.Temperature),
            (b, step) => new Philox(_run.Seed, request.Purpose, (uint)request.Step, request.Items[b], (uint)step),
            _run.Tokenizer.EndTokens, trace is null ? null : trace.Note);
        string[] texts = [.. completions.Select(tokens => _run.Tokenizer.Decode(tokens))];
        return new RolloutResult(prompts, completions, texts, Stopwatch.GetElapsedTime(started).TotalSeconds)
        {
            SetIn = trace?.Steps ?? [],
            Confidences = trace?.Confidences ?? [],
        };
    }

    /// <summary>Computes a unit's contribution.</summary>
    /// <param name="weights">The weights of the unit's step.</param>
    /// <param name="request">The unit.</param>
    /// <param name="gradient">Receives it, flat.</param>
    public UnitResult Compute(Weights weights, UnitRequest request, Span<float> gradient)
    {
        long started = Stopwatch.GetTimestamp();
        Take(weights);
        UnitOutcome outcome = _gradient.Compute(RecordOf(request.Record), request.Unit.ToId(), request.OldLogLikelihoods,
            request.MaxLogRatio);
        FlatVector.CopyTo(_model.Gradients, gradient[..(int)_run.Parameters]);
        int halvings = ContributionBound.Fit(gradient[..(int)_run.Parameters]);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new UnitResult(outcome.LogLikelihoods, outcome.Objective, outcome.BoundHits, seconds) { Halvings = halvings };
    }

    /// <summary>Computes l_j of a unit's samples.</summary>
    /// <param name="weights">The weights of the batch's step.</param>
    /// <param name="request">The unit.</param>
    public UnitResult LogLikelihoods(Weights weights, UnitRequest request)
    {
        long started = Stopwatch.GetTimestamp();
        Take(weights);
        double[] likelihoods = _gradient.LogLikelihoods(RecordOf(request.Record), request.Unit.Block);
        return new UnitResult(likelihoods, 0, 0, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        _model.Dispose();
        _release();
    }

    /// <summary>Moves to a version of the weights.</summary>
    private void Take(Weights weights)
    {
        if (ReferenceEquals(weights, _taken))
        {
            // by what was pulled, not by number: a run that went back and was changed has other weights of the same version
            return;
        }
        _taken = null;
        using IDisposable noGradient = no_grad();
        long offset = 0;
        foreach (ReadOnlyMemory<float> shard in weights.Shards)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor part = _model.Parameters.narrow(0, offset, shard.Length);
            if (part.device_type == TorchSharp.DeviceType.CPU)
            {
                MemoryMarshal.AsBytes(shard.Span).CopyTo(part.bytes);
            }
            else
            {
                _ = part.copy_(tensor(shard.ToArray()));
            }
            offset += shard.Length;
        }
        _taken = weights;
    }

    private static GroupRecord RecordOf(GroupWork work) =>
        new(work.BatchStep, work.Group, work.Prompt, work.Completions, work.Advantages);

    /// <summary>When each token of some responses was set, and how sure the model was.</summary>
    private sealed class SetTokens
    {
        public SetTokens(int sequences, int length)
        {
            Steps = [.. Enumerable.Range(0, sequences).Select(_ => Enumerable.Repeat(-1, length).ToArray())];
            Confidences = [.. Enumerable.Range(0, sequences).Select(_ => new int[length])];
        }

        public int[][] Steps { get; }

        public int[][] Confidences { get; }

        public void Note(SampledToken set)
        {
            Steps[set.Sequence][set.Place] = set.Step;
            // Whatever the model says, a record can be written of it.
            Confidences[set.Sequence][set.Place] =
                double.IsFinite(set.Confidence) ? (int)Math.Round(Math.Clamp(set.Confidence, -1e6, 1e6) * 1000) : 0;
        }
    }
}
