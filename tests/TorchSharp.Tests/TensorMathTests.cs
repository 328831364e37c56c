using TorchSharp;
using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class TensorMathTests : ScopedTest
{
    [Fact]
    public void UnaryFunctions_GiveTheValuesOfMath()
    {
        double[] at = [0.25, 0.5, 1.5];
        var x = tensor(at);
        Near(x.exp(), at, Math.Exp);
        Near(x.log(), at, Math.Log);
        Near(x.log1p(), at, v => Math.Log(1 + v));
        Near(x.sqrt(), at, Math.Sqrt);
        Near(x.rsqrt(), at, v => 1 / Math.Sqrt(v));
        Near(x.sin(), at, Math.Sin);
        Near(x.cos(), at, Math.Cos);
        Near(x.tanh(), at, Math.Tanh);
        Near(x.sigmoid(), at, v => 1 / (1 + Math.Exp(-v)));
        Near(x.silu(), at, v => v / (1 + Math.Exp(-v)));
        Near(x.square(), at, v => v * v);
        Near(x.reciprocal(), at, v => 1 / v);
        Near(x.neg().abs(), at, v => v);
        Near(x.pow(3), at, v => v * v * v);
        Near(x.floor(), at, Math.Floor);
        Near(x.ceil(), at, Math.Ceiling);
        Near(x.neg().relu(), at, _ => 0);
        Near(x.neg().sign(), at, _ => -1);
        Assert.Equal(0.5204998778, tensor(0.5).erf().item<double>(), 9);
        Assert.Equal(0.8413447461, tensor(1.0).gelu().item<double>(), 9);
    }

    [Fact]
    public void Operators_TakeTensorsAndNumbersOnEitherSide()
    {
        var a = tensor([4f, 9f]);
        var b = tensor([2f, 3f]);
        Equal(a + b, 6, 12);
        Equal(a - b, 2, 6);
        Equal(a * b, 8, 27);
        Equal(a / b, 2, 3);
        Equal(-a, -4, -9);
        Equal(a + 1, 5, 10);
        Equal(1L + a, 5, 10);
        Equal(a - 1.5f, 2.5f, 7.5f);
        Equal(10 - a, 6, 1);
        Equal(2.0 * a, 8, 18);
        Equal(a / 2, 2, 4.5f);
        Equal(18f / b, 9, 6);
        Equal(a % 3, 1, 0);
        Scalar two = 2;
        Equal(a * two, 8, 18);
        Equal(two - a, -2, -7);
    }

    [Fact]
    public void Broadcasting_StretchesDimensionsOfSizeOne()
        => Equal(tensor([1f, 2f], [2, 1]) + tensor([10f, 20f]), 11, 21, 12, 22);

    [Fact]
    public void InPlaceFunctions_ChangeAndAnswerTheTensor()
    {
        var x = tensor([1f, 2f]);
        Assert.Same(x, x.add_(1));
        Equal(x, 2, 3);
        Assert.Same(x, x.mul_(tensor([2f, 3f])));
        Equal(x, 4, 9);
        Equal(x.sub_(1).div_(2), 1.5f, 4);
        Equal(x.neg_().fill_(3), 3, 3);
        Equal(x.addcmul_(ones(2), full(2, 4f), 0.5), 5, 5);
        Equal(x.addcdiv_(full(2, 6f), full(2, 3f), 2), 9, 9);
        Equal(x.sqrt_(), 3, 3);
        Equal(x.pow_(2), 9, 9);
        Equal(x.lerp_(zeros(2), full(2, 0.5f)), 4.5f, 4.5f);
        Equal(x.clamp_(max: 4), 4, 4);
        Equal(x.add_(ones(2), -2), 2, 2);
        Equal(x.log_().exp_(), 2, 2);
        Equal(x.copy_(tensor([7L, 8L])), 7, 8);
        x.zero_();
        Equal(x, 0, 0);
    }

    [Fact]
    public void Extremes_AreFoundWithTheirPlaces()
    {
        var x = tensor([3f, 1f, 2f, 9f, 7f, 8f], [2, 3]);
        Assert.Equal(9f, x.max().item<float>());
        Assert.Equal(1f, min(x).item<float>());
        var (values, indexes) = x.max(1, keepdim: true);
        Equal(values, 3, 9);
        Assert.Equal([2L, 1L], values.shape);
        Assert.Equal([0L, 0L], indexes.data<long>().ToArray());
        Equal(x.amax([0], keepdim: true), 9, 7, 8);
        Equal(x.amin(1), 1, 7);
        Assert.Equal(3, x.argmax().item<long>());
        Assert.Equal([1L, 1L], x.argmin(1).data<long>().ToArray());
        var (top, places) = x.topk(2);
        Equal(top, 3, 2, 9, 8);
        Assert.Equal([0L, 2L, 0L, 2L], places.data<long>().ToArray());
        var (sorted, order) = x.sort(descending: true);
        Equal(sorted, 3, 2, 1, 9, 8, 7);
        Assert.Equal([0L, 2L, 1L, 0L, 2L, 1L], order.data<long>().ToArray());
        Equal(x.minimum(full(3, 2.5f)), 2.5f, 1, 2, 2.5f, 2.5f, 2.5f);
        Equal(maximum(x, full(3, 8f)), 8, 8, 8, 9, 8, 8);
        Equal(x.clamp(2, 8), 3, 2, 2, 8, 7, 8);
    }

    [Fact]
    public void Sums_RunOverAllOrSomeDimensions()
    {
        var x = tensor([1f, 2f, 3f, 4f, 5f, 6f], [2, 3]);
        Assert.Equal(21f, x.sum().item<float>());
        Equal(x.sum([0]), 5, 7, 9);
        Equal(x.sum(1, keepdim: true), 6, 15);
        Assert.Equal(float64, x.sum(float64).dtype);
        Assert.Equal(3.5f, x.mean().item<float>());
        Equal(x.mean([1]), 2, 5);
        Assert.Equal(3.5f, x.var().item<float>(), 5);
        Equal(x.var([1], unbiased: false, keepdim: false), 2f / 3, 2f / 3);
        Equal(x.std(1), 1, 1);
        Equal(x.cumsum(1), 1, 3, 6, 4, 9, 15);
        Assert.Equal(Math.Sqrt(91), x.norm().item<float>(), 4);
        Equal(x.norm(1, p: 1f), 6, 15);
        var logits = tensor([1000.0, 1000.0]);
        Assert.Equal(1000 + Math.Log(2), logits.logsumexp(0).item<double>(), 9);
    }

    [Fact]
    public void Comparisons_AnswerTruthValues()
    {
        var a = tensor([1f, 2f, 3f]);
        var b = tensor([1f, 3f, 2f]);
        True(a == b, true, false, false);
        True(a != b, false, true, true);
        True(a < b, false, true, false);
        True(a >= b, true, false, true);
        True(a > 2, false, false, true);
        True(a.le(2), true, true, false);
        var special = tensor([float.NaN, float.PositiveInfinity, 0f]);
        True(special.isnan(), true, false, false);
        True(special.isinf(), false, true, false);
        True(isfinite(special), false, false, true);
        Assert.False((a == b).all().item<bool>());
        Assert.True((a == b).any().item<bool>());
        True((a == b).logical_not(), false, true, true);
        True((a == b).logical_or(a < b), true, true, false);
        True(logical_and(a >= b, a != b), false, false, true);
        True(~(a == b) & (a < b), false, true, false);
    }

    [Fact]
    public void Bits_AreThoseOfIntegers()
    {
        var a = tensor([0b1100, -8]);
        var b = tensor([0b1010, 1]);
        Assert.Equal([0b1000, 0], (a & b).data<int>().ToArray());
        Assert.Equal([0b1110, -7], (a | b).data<int>().ToArray());
        Assert.Equal([0b0110, -7], (a ^ b).data<int>().ToArray());
        Assert.Equal([48, -32], bitwise_left_shift(a, tensor([2, 2])).data<int>().ToArray());
        Assert.Equal([3, -2], bitwise_right_shift(a, tensor([2, 2])).data<int>().ToArray());
    }

    [Fact]
    public void Products_AreThoseOfMatrices()
    {
        var a = tensor([1f, 2f, 3f, 4f], [2, 2]);
        var b = tensor([5f, 6f, 7f, 8f], [2, 2]);
        Equal(a.matmul(b), 19, 22, 43, 50);
        Equal(mm(a, b), 19, 22, 43, 50);
        Equal(a.unsqueeze(0).bmm(b.unsqueeze(0)), 19, 22, 43, 50);
    }

    private static void Equal(Tensor actual, params float[] expected)
    {
        var values = actual.to(float32).data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], values[i], 5);
    }

    private static void True(Tensor actual, params bool[] expected) => Assert.Equal(expected, actual.data<bool>().ToArray());

    private static void Near(Tensor actual, double[] at, Func<double, double> expected)
    {
        var values = actual.data<double>().ToArray();
        for (var i = 0; i < at.Length; i++)
            Assert.Equal(expected(at[i]), values[i], 12);
    }
}
