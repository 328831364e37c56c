namespace Bgpo.Model.Tests;

/// <summary>
/// LLaDA's network once more, in loops over doubles and one sequence at a time: slow, plain, and nobody's relative.
/// </summary>
/// <param name="config">Its shape.</param>
/// <param name="flat">Its parameters in layout order.</param>
internal sealed class PlainTransformer(ModelConfig config, double[] flat)
{
    private readonly ParameterLayout _layout = new(config);

    /// <summary>(T, V) logits of a sequence.</summary>
    public double[][] Logits(int[] tokens)
    {
        int d = config.Width;
        double[] embedding = Tensor("model.transformer.wte.weight");
        double[][] x = [.. tokens.Select(token => embedding[(token * d)..((token + 1) * d)])];
        for (int n = 0; n < config.Layers; n++)
        {
            string block = $"model.transformer.blocks.{n}.";
            x = Add(x, Attend(block, [.. x.Select(row => Norm(row, Tensor(block + "attn_norm.weight")))]));
            x = Add(x, [.. x.Select(row => SwiGlu(block, Norm(row, Tensor(block + "ff_norm.weight"))))]);
        }
        return [.. x.Select(row =>
            Times(Tensor("model.transformer.ff_out.weight"), Norm(row, Tensor("model.transformer.ln_f.weight"))))];
    }

    /// <summary>l of a masked sample: weight times the log-probabilities of its masked tokens.</summary>
    public double LogLikelihood(MaskedSample sample)
    {
        int[] seen = [.. sample.Prompt, .. sample.Response.Select((token, p) => Masked(sample, p) ? config.MaskToken : token)];
        double[][] logits = Logits(seen);
        double sum = 0;
        for (int p = 0; p < sample.Response.Length; p++)
        {
            if (Masked(sample, p))
            {
                double[] row = logits[sample.Prompt.Length + p];
                double highest = row.Max();
                sum += row[sample.Response[p]] - highest - Math.Log(row.Sum(z => Math.Exp(z - highest)));
            }
        }
        return sample.Weight * sum;
    }

    private static bool Masked(MaskedSample sample, int place) => place < sample.Mask.Length && sample.Mask[place];

    private double[][] Attend(string block, double[][] x)
    {
        int e = config.HeadWidth;
        double[][] q = [.. x.Select((row, t) => Rotate(Times(Tensor(block + "q_proj.weight"), row), t))];
        double[][] k = [.. x.Select((row, t) => Rotate(Times(Tensor(block + "k_proj.weight"), row), t))];
        double[][] v = [.. x.Select(row => Times(Tensor(block + "v_proj.weight"), row))];
        var mixed = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            mixed[t] = new double[config.Width];
            for (int h = 0; h < config.Heads; h++)
            {
                int shared = h / (config.Heads / config.KeyValueHeads); // query heads share key heads in consecutive groups
                var weights = new double[x.Length];
                for (int s = 0; s < x.Length; s++) // every token sees every token
                {
                    for (int i = 0; i < e; i++)
                    {
                        weights[s] += q[t][(h * e) + i] * k[s][(shared * e) + i];
                    }
                    weights[s] = Math.Exp(weights[s] / Math.Sqrt(e));
                }
                double total = weights.Sum();
                for (int s = 0; s < x.Length; s++)
                {
                    for (int i = 0; i < e; i++)
                    {
                        mixed[t][(h * e) + i] += weights[s] / total * v[s][(shared * e) + i];
                    }
                }
            }
        }
        return [.. mixed.Select(row => Times(Tensor(block + "attn_out.weight"), row))];
    }

    /// <summary>Each head's pair (i, i + E/2), as a complex number, is turned by position times theta^(-2i/E).</summary>
    private double[] Rotate(double[] heads, int position)
    {
        int e = config.HeadWidth;
        var turned = new double[heads.Length];
        for (int start = 0; start < heads.Length; start += e)
        {
            for (int i = 0; i < e / 2; i++)
            {
                double angle = position / Math.Pow(config.RopeTheta, 2.0 * i / e);
                double a = heads[start + i];
                double b = heads[start + i + (e / 2)];
                turned[start + i] = (a * Math.Cos(angle)) - (b * Math.Sin(angle));
                turned[start + i + (e / 2)] = (a * Math.Sin(angle)) + (b * Math.Cos(angle));
            }
        }
        return turned;
    }

    private double[] SwiGlu(string block, double[] x)
    {
        double[] gate = Times(Tensor(block + "ff_proj.weight"), x);
        double[] up = Times(Tensor(block + "up_proj.weight"), x);
        return Times(Tensor(block + "ff_out.weight"), [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
    }

    private double[] Norm(double[] x, double[] weight)
    {
        double root = Math.Sqrt(x.Average(v => v * v) + config.RmsNormEpsilon);
        return [.. x.Zip(weight, (v, w) => v / root * w)];
    }

    private double[] Tensor(string name)
    {
        ParameterSlice slice = _layout[name];
        return flat[(int)slice.Offset..(int)(slice.Offset + slice.Length)];
    }

    /// <summary>A row-major matrix times a vector.</summary>
    private static double[] Times(double[] matrix, double[] x)
    {
        var y = new double[matrix.Length / x.Length];
        for (int r = 0; r < y.Length; r++)
        {
            for (int c = 0; c < x.Length; c++)
            {
                y[r] += matrix[(r * x.Length) + c] * x[c];
            }
        }
        return y;
    }

    private static double[][] Add(double[][] a, double[][] b) =>
        [.. a.Zip(b, (left, right) => left.Zip(right, (u, v) => u + v).ToArray())];
}
