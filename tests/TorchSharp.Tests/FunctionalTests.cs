using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharpTests;

public sealed class FunctionalTests : ScopedTest
{
    [Fact]
    public void Linear_MultipliesByTheTransposedWeightsAndAddsTheBias()
    {
        var y = F.linear(tensor([1f, 2f], [1, 2]), tensor([3f, 4f, 5f, 6f], [2, 2]), tensor([10f, 20f]));
        Assert.Equal([21f, 37f], y.data<float>().ToArray());
    }

    [Fact]
    public void SoftmaxAndItsLogarithm_Agree()
    {
        var x = tensor([1.0, 2.0, 3.0]);
        var p = F.softmax(x, 0);
        Assert.Equal(1.0, p.sum().item<double>(), 12);
        Assert.Equal(Math.Exp(3) / (Math.Exp(1) + Math.Exp(2) + Math.Exp(3)), p[2].item<double>(), 12);
        Assert.True(F.log_softmax(x, 0).exp().allclose(p));
        Assert.Equal(float32, softmax(x, 0, float32).dtype);
    }

    [Fact]
    public void CrossEntropy_IsTheMeanNegativeLogProbability()
    {
        var logits = tensor([1.0, 2.0, 3.0, 1.0, 1.0, 1.0], [2, 3]);
        var target = tensor([2L, 0L]);
        var each = F.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).neg();
        Assert.Equal(each.mean().item<double>(), F.cross_entropy(logits, target).item<double>(), 12);
        Assert.Equal(each.sum().item<double>(), F.cross_entropy(logits, target, reduction: nn.Reduction.Sum).item<double>(), 12);
        Assert.Equal(each[0].item<double>(), F.cross_entropy(logits, tensor([2L, -100L])).item<double>(), 12);
        Assert.Equal([2L], F.cross_entropy(logits, target, reduction: nn.Reduction.None).shape);
    }

    [Fact]
    public void LayerNorm_BringsMeanAndVarianceToTheirPlace()
    {
        var y = F.layer_norm(tensor([1.0, 2.0, 3.0, 4.0], [1, 4]), [4], full(4, 2, dtype: float64), ones(4, dtype: float64));
        Assert.Equal(1.0, y.mean().item<double>(), 9);
        Assert.Equal(2.0, y.std(unbiased: false).item<double>(), 4);
    }

    [Fact]
    public void Silu_InPlaceWritesToItsArgument()
    {
        var x = tensor([1.0]);
        var y = F.silu(x);
        Assert.Equal(1.0, x.item<double>());
        F.silu(x, inplace: true);
        Assert.Equal(y.item<double>(), x.item<double>(), 12);
    }

    [Fact]
    public void Attention_AgreesWithItsFormula()
    {
        using var generator = new Generator(4);
        var q = randn([2, 3, 5, 4], dtype: float64, generator: generator);
        var k = randn([2, 3, 6, 4], dtype: float64, generator: generator);
        var v = randn([2, 3, 6, 4], dtype: float64, generator: generator);
        var scores = q.matmul(k.transpose(-2, -1)) / Math.Sqrt(4);
        Assert.True(F.scaled_dot_product_attention(q, k, v).allclose(scores.softmax(-1).matmul(v)));

        var mask = randint(0, 2, [5, 6], generator: generator).to(@bool);
        mask.select(1, 0).fill_(true);
        var masked = scores.masked_fill(mask.logical_not(), double.NegativeInfinity).softmax(-1).matmul(v);
        Assert.True(F.scaled_dot_product_attention(q, k, v, mask).allclose(masked));

        var added = randn([5, 6], dtype: float64, generator: generator);
        Assert.True(F.scaled_dot_product_attention(q, k, v, added).allclose((scores + added).softmax(-1).matmul(v)));

        var square = q.matmul(q.transpose(-2, -1)) / Math.Sqrt(4);
        var causal = square.masked_fill(ones([5, 5], dtype: @bool).triu(1), double.NegativeInfinity).softmax(-1).matmul(q);
        Assert.True(F.scaled_dot_product_attention(q, q, q, is_casual: true).allclose(causal));
    }

    [Fact]
    public void Attention_RefusesWhatMakesNoSense()
    {
        var x = zeros(1, 2, 2);
        Assert.Throws<ArgumentException>(() => F.scaled_dot_product_attention(x, x, x, p: -1));
        Assert.Throws<ArgumentException>(() => F.scaled_dot_product_attention(x, x, x, zeros(2, 2), is_casual: true));
    }
}
