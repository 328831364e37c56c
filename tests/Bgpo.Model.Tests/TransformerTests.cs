using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>The network, held to a plain twin, to finite differences, and to LLaDA's published shape.</summary>
public sealed class TransformerTests
{
    /// <summary>Grouped key heads, a padded embedding, and no two sizes alike.</summary>
    private static readonly ModelConfig s_grouped = new()
    {
        Width = 24,
        Layers = 2,
        Heads = 6,
        KeyValueHeadsOrNull = 2,
        Hidden = 20,
        Vocabulary = 11,
        EmbeddingRowsOrNull = 13,
        MaxSequenceLength = 16,
        RopeTheta = 50,
        MaskToken = 7,
        EndToken = 8,
        PadToken = 8,
        RmsNormEpsilon = 1e-3,
    };

    private static readonly int[] s_tokens = [3, 7, 0, 10, 7, 7, 1, 9, 2];

    [Fact]
    public void ABlocksInput_IsFreedWhenItsOutputIsThere()
    {
        List<Tensor> inputs = [];
        using Tensor last = Transformer.Through(4, ones(1), (n, input) =>
        {
            Assert.Equal(n, inputs.Count(former => former.IsInvalid));
            inputs.Add(input);
            return input + 1;
        });
        Assert.Equal((4, 5f), (inputs.Count(former => former.IsInvalid), last.item<float>()));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(150)]
    public void PaddedSequences_TakeAMaskOfTheirColumns_AndComeOutInTheBitsOfAWholeOne(int length)
    {
        int[] pads = [0, 3, length - 4];
        ModelConfig config = s_grouped with { MaxSequenceLength = length };
        using var model = new Transformer(config);
        FlatVector.Load(model, Initialization.Draw(new ParameterLayout(config), 3));
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        using var plan = AttentionPlan.Of(config, pads, length, CPU);
        Assert.Equal([3, 1, 1, length], plan.Mask!.shape);
        bool[] sees = [.. from pad in pads from i in Enumerable.Range(0, length) from j in Enumerable.Range(
            0, length) select i < pad ? i == j : j >= pad];
        using var whole = new AttentionPlan(plan.Positions!.clone(), tensor(sees, [3, 1, length, length]));
        Tensor tokens = tensor(Enumerable.Range(0, 3 * length).Select(i => (long)(i * 7 % 10)).ToArray(), [3, length]);
        Tensor narrow = model.Hidden(tokens, plan);
        Tensor expected = model.Hidden(tokens, whole);
        for (int b = 0; b < pads.Length; b++)
        {
            Tensor Own(Tensor all) => all[b].narrow(0, pads[b], length - pads[b]).contiguous();
            Assert.Equal(Own(expected).data<float>().ToArray(), Own(narrow).data<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(10)]
    [InlineData(99)]
    public void AFlatVector_IsCopiedInPieces_Exactly(int atOnce)
    {
        using Tensor flat = arange(10, dtype: ScalarType.Float64);
        var values = new float[10];
        FlatVector.CopyTo(flat, values, atOnce);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], values);
    }

    [Fact]
    public void GroupedHeads_GiveTheTwinsLogits() => AgreesWithTheTwin(s_grouped);

    [Fact]
    public void HeadsOfTheirOwn_GiveTheTwinsLogits() => AgreesWithTheTwin(s_grouped with { KeyValueHeadsOrNull = null });

    [Fact]
    public void OneKeyHeadForAll_GivesTheTwinsLogits() =>
        AgreesWithTheTwin(s_grouped with { KeyValueHeadsOrNull = 1, Layers = 1 });

    [Fact]
    public void ASequence_DoesNotFeelItsNeighboursInTheBatch_NorALongerOneBefore()
    {
        using Transformer model = Make(s_grouped, ScalarType.Float64, out _);
        int[] other = [.. s_tokens.Reverse()];
        double[] alone = Logits(model, [s_tokens[..5]]);
        Logits(model, [s_tokens, other]); // the rotary table grows
        double[] after = Logits(model, [other[..5], s_tokens[..5]]);
        Assert.Equal(alone, after[(5 * 13)..], (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void EveryToken_IsSeenByEveryOther()
    {
        using Transformer model = Make(s_grouped, ScalarType.Float64, out _);
        double[] before = Logits(model, [s_tokens]);
        int[] changed = [.. s_tokens];
        changed[^1] = 4;
        double[] after = Logits(model, [changed]);
        Assert.True(Math.Abs(before[0] - after[0]) > 1e-6, "the last token does not reach the first");
    }

    [Fact]
    public void TheGradientOfTheLikelihood_IsThatOfFiniteDifferences()
    {
        var sample = new MaskedSample([1, 2, 3], [4, 5, 6, 0], [true, false, true, true], 4.0 / 3);
        using Transformer model = Make(s_grouped, ScalarType.Float64, out double[] flat);
        model.BindGradients();
        using (var pass = new MaskedLikelihood(model, [sample]))
        {
            Assert.Equal(new PlainTransformer(s_grouped, flat).LogLikelihood(sample), pass.Values[0], 1e-10);
            pass.Backward([1.0]);
        }
        double[] gradient = ToDoubles(model.Gradients);

        var stream = new Philox(8, Purpose.Other);
        const double h = 1e-5;
        for (int s = 0; s < model.Layout.Slices.Count; s++)
        {
            // One parameter of every tensor; of the embedding, one that the sequence uses.
            ParameterSlice slice = model.Layout.Slices[s];
            int at = s == 0 ? (2 * 24) + 5 : (int)slice.Offset + stream.Below((uint)s, (int)slice.Length);
            double Likelihood(double value)
            {
                double[] moved = [.. flat];
                moved[at] = value;
                return new PlainTransformer(s_grouped, moved).LogLikelihood(sample);
            }
            double slope = (Likelihood(flat[at] + h) - Likelihood(flat[at] - h)) / (2 * h);
            Assert.True(Math.Abs(slope - gradient[at]) < 1e-7 * (1 + Math.Abs(slope)),
                $"{slice.Name}: {gradient[at]}, by differences {slope}");
        }
        Assert.True(gradient.Count(g => g != 0) > gradient.Length / 2);
    }

    [Fact]
    public void TokensBeyondTheMask_StayVisible_AndDoNotCount()
    {
        using Transformer model = Make(s_grouped, ScalarType.Float64, out double[] flat);
        var plain = new PlainTransformer(s_grouped, flat);
        MaskedSample[] samples =
        [
            new([1, 2], [4, 5, 6, 8, 8], [true, false, true], 1.5),
            new([1, 2], [4, 5, 6, 8, 8], [false, false, false], 1),
            new([1, 2], [4, 5, 6, 8, 8], [true, true, true, true, true], 1),
        ];
        using var pass = new MaskedLikelihood(model, samples);
        Assert.Equal(samples.Select(plain.LogLikelihood), pass.Values, (a, b) => Math.Abs(a - b) < 1e-10);
        Assert.Equal(0, pass.Values[1]);
    }

    [Fact]
    public void SequencesOfDifferentLengths_AreRefused()
    {
        using Transformer model = Make(s_grouped, ScalarType.Float32, out _);
        MaskedSample[] uneven = [new([1], [2, 3], [true], 1), new([1, 1], [2, 3], [true], 1)];
        Assert.Contains("sample 1 has 4 tokens",
            Assert.Throws<ArgumentException>(() => new MaskedLikelihood(model, uneven)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASequenceBeyondTheModelsLength_IsRefused()
    {
        using Transformer model = Make(s_grouped, ScalarType.Float32, out _);
        ModelException refused = Assert.Throws<ModelException>(() => Logits(model, [new int[17]]));
        Assert.Contains("a sequence of 17 tokens is longer than the model's max_sequence_length 16", refused.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-4)]
    [InlineData(ScalarType.BFloat16, 0.1)]
    public void NarrowTypes_StayNearDoublePrecision(ScalarType type, double tolerance)
    {
        using Transformer model = Make(s_grouped, type, out double[] flat);
        double[] logits = Logits(model, [s_tokens]);
        double[] exact = [.. new PlainTransformer(s_grouped, flat).Logits(s_tokens).SelectMany(row => row)];
        double error = TinyPolicy.RelativeError(logits, exact);
        Assert.InRange(error, 1e-9, tolerance);
    }

    [Fact]
    public void ABfloat16Gradient_PointsWhereTheDoubleOneDoes()
    {
        MaskedSample[] samples = [new([1, 2, 3], [4, 5, 6, 0], [true, false, true, true], 4.0 / 3)];
        double[] Gradient(ScalarType type)
        {
            using Transformer model = Make(s_grouped, type, out _);
            model.BindGradients();
            using var pass = new MaskedLikelihood(model, samples);
            pass.Backward([1.0]);
            return ToDoubles(model.Gradients);
        }
        Assert.InRange(TinyPolicy.RelativeError(Gradient(ScalarType.BFloat16), Gradient(ScalarType.Float64)), 1e-9, 0.15);
    }

    [Fact]
    public void TheDefaultNetwork_Has216512Parameters() => Assert.Equal(
        216_512, new ParameterLayout(
            Pretraining.ConfigOf(new NetworkSection(), new CharacterTokenizer(CharacterTokenizer.Arithmetic))).Length);

    [Fact]
    public void LLaDA8B_Has8015581184Parameters_In291Tensors()
    {
        var layout = new ParameterLayout(new ModelConfig
        {
            Width = 4096,
            Layers = 32,
            Heads = 32,
            KeyValueHeadsOrNull = 32,
            Hidden = 12288,
            Vocabulary = 126464,
            EmbeddingRowsOrNull = 126464,
            MaxSequenceLength = 4096,
            MaskToken = 126336,
            EndToken = 126081,
            PadToken = 126081,
        });
        Assert.Equal(8_015_581_184, layout.Length);
        Assert.Equal(291, layout.Slices.Count);
        Assert.Equal([12288, 4096], layout["model.transformer.blocks.31.up_proj.weight"].Shape);
        Assert.Equal(8_015_581_184 - (126464L * 4096), layout["model.transformer.ff_out.weight"].Offset);
    }

    [Fact]
    public void TheLayout_HasNoGapsAndNoOverlaps()
    {
        var layout = new ParameterLayout(s_grouped);
        long next = 0;
        foreach (ParameterSlice slice in layout.Slices)
        {
            Assert.Equal(next, slice.Offset);
            Assert.Same(slice, layout[slice.Name]);
            next += slice.Length;
        }
        Assert.Equal(next, layout.Length);
    }

    [Fact]
    public void FlatVectors_ComeBackAsTheyWent()
    {
        using var model = new Transformer(s_grouped);
        float[] values = Initialization.Draw(model.Layout, 3);
        FlatVector.Load(model, values);
        var back = new float[values.Length];
        FlatVector.CopyTo(model.Parameters, back);
        Assert.Equal(values, back);
    }

    [Fact]
    public void Initialization_IsNormal_ScaledByItsInputs()
    {
        ModelConfig config = s_grouped with { Width = 64, Heads = 4, Hidden = 192 };
        var layout = new ParameterLayout(config);
        float[] flat = Initialization.Draw(layout, 3);
        double Std(string name)
        {
            ParameterSlice slice = layout[name];
            return Math.Sqrt(flat.AsSpan((int)slice.Offset, (int)slice.Length).ToArray().Average(w => (double)w * w));
        }
        double std = 1 / Math.Sqrt(3 * 64);
        double wide = 1 / Math.Sqrt(3 * 192);
        Assert.Equal(1, Std("model.transformer.wte.weight"), 0.1);
        Assert.Equal(1, Std("model.transformer.blocks.1.attn_norm.weight"));
        Assert.Equal(std, Std("model.transformer.blocks.0.q_proj.weight"), std * 0.05);
        Assert.Equal(std, Std("model.transformer.blocks.0.attn_out.weight"), std * 0.05);
        Assert.Equal(wide, Std("model.transformer.blocks.1.ff_out.weight"), wide * 0.05);
        Assert.Equal(std, Std("model.transformer.ff_out.weight"), std * 0.1);
        Assert.Equal(flat, Initialization.Draw(layout, 3));
        Assert.NotEqual(flat, Initialization.Draw(layout, 4));
    }

    private static void AgreesWithTheTwin(ModelConfig config)
    {
        using Transformer model = Make(config, ScalarType.Float64, out double[] flat);
        var plain = new PlainTransformer(config, flat);
        int[] other = [.. s_tokens.Reverse()];
        double[] logits = Logits(model, [s_tokens, other]);
        double[] expected = [.. plain.Logits(s_tokens).Concat(plain.Logits(other)).SelectMany(row => row)];
        Assert.Equal(expected.Length, logits.Length);
        Assert.Equal(expected, logits, (a, b) => Math.Abs(a - b) < 1e-10);
        Assert.True(expected.Max() - expected.Min() > 1, "the weights are too small to tell networks apart");
    }

    /// <summary>A network whose norms are not one and whose matrices are large enough to matter.</summary>
    private static Transformer Make(ModelConfig config, ScalarType type, out double[] flat)
    {
        var model = new Transformer(config, type: type);
        var stream = new Philox(77, Purpose.Other);
        float[] values = Initialization.Draw(model.Layout, 6);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = values[i] == 1 ? (float)(0.5 + stream.Double((uint)i)) : values[i] * 3;
        }
        FlatVector.Load(model, values);
        flat = [.. values.Select(v => (double)v)];
        return model;
    }

    private static double[] Logits(Transformer model, int[][] sequences)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor input = tensor(
            sequences.SelectMany(row => row).Select(token => (long)token).ToArray(), [sequences.Length, sequences[0].Length]);
        return ToDoubles(model.Logits(model.Hidden(input)));
    }

    private static double[] ToDoubles(Tensor values)
    {
        using IDisposable scope = NewDisposeScope();
        return values.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}
