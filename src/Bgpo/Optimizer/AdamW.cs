using System.Runtime.Intrinsics;
using Bgpo.Spec;

namespace Bgpo.Optimizer;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019) on one shard, in float32. Every operation is element-wise and rounded on its own, so
/// the result does not depend on vector width or on how parameters are cut into shards.
/// </summary>
public static class AdamW
{
    /// <summary>The factor that clips a gradient to a norm: min(1, clipNorm / norm); 1 when clipNorm is 0.</summary>
    /// <param name="norm">The gradient's norm.</param>
    /// <param name="clipNorm">Largest norm; 0 does not clip.</param>
    public static double ClipFactor(double norm, double clipNorm) => clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;

    /// <summary>Takes one step in place.</summary>
    /// <param name="weights">Weights.</param>
    /// <param name="firstMoment">First moments m.</param>
    /// <param name="secondMoment">Second moments v.</param>
    /// <param name="gradient">Gradient of the loss, before clipping.</param>
    /// <param name="settings">Decays, epsilon and weight decay.</param>
    /// <param name="learningRate">This step's rate.</param>
    /// <param name="clipFactor">What the gradient is multiplied by.</param>
    /// <param name="step">Number of this step, from 1, for bias correction.</param>
    public static void Step(
        Span<float> weights, Span<float> firstMoment, Span<float> secondMoment, ReadOnlySpan<float> gradient,
        OptimizerSection settings, double learningRate, double clipFactor, int step)
    {
        int n = weights.Length;
        if (firstMoment.Length != n || secondMoment.Length != n || gradient.Length != n)
        {
            throw new ArgumentException($"weights, moments and gradient must be of one length; weights have {n} values.");
        }
        var c = new Coefficients(settings, learningRate, clipFactor, step);
        int i = 0;
        for (; i <= n - 16; i += 16)
        {
            Vector512<float> g = Vector512.Create(gradient[i..]) * c.Clip;
            Vector512<float> m = (Vector512.Create<float>(firstMoment[i..]) * c.Beta1) + (g * c.OneMinusBeta1);
            Vector512<float> v = (Vector512.Create<float>(secondMoment[i..]) * c.Beta2) + (g * g * c.OneMinusBeta2);
            Vector512<float> w = Vector512.Create<float>(weights[i..]) * c.Decay;
            w -= m * c.Rate / ((Vector512.Sqrt(v) * c.RootCorrection) + Vector512.Create(c.Epsilon));
            m.CopyTo(firstMoment[i..]);
            v.CopyTo(secondMoment[i..]);
            w.CopyTo(weights[i..]);
        }
        for (; i < n; i++)
        {
            float g = gradient[i] * c.Clip;
            float m = (firstMoment[i] * c.Beta1) + (g * c.OneMinusBeta1);
            float v = (secondMoment[i] * c.Beta2) + (g * g * c.OneMinusBeta2);
            float w = weights[i] * c.Decay;
            weights[i] = w - (m * c.Rate / ((MathF.Sqrt(v) * c.RootCorrection) + c.Epsilon));
            firstMoment[i] = m;
            secondMoment[i] = v;
        }
    }

    /// <summary>What a step multiplies with, worked out once in double.</summary>
    private readonly struct Coefficients(OptimizerSection s, double learningRate, double clipFactor, int step)
    {
        public readonly float Clip = (float)clipFactor;
        public readonly float Beta1 = (float)s.Beta1;
        public readonly float OneMinusBeta1 = (float)(1 - s.Beta1);
        public readonly float Beta2 = (float)s.Beta2;
        public readonly float OneMinusBeta2 = (float)(1 - s.Beta2);
        public readonly float Decay = (float)(1 - (learningRate * s.WeightDecay));
        public readonly float Rate = (float)(learningRate / (1 - Math.Pow(s.Beta1, step)));
        public readonly float RootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(s.Beta2, step)));
        public readonly float Epsilon = (float)s.Epsilon;
    }
}
