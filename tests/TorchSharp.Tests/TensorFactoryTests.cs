using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class TensorFactoryTests : ScopedTest
{
    [Fact]
    public void Constants_FillTheShape()
    {
        Assert.Equal([0f, 0f, 0f, 0f, 0f, 0f], zeros(2, 3).data<float>().ToArray());
        Assert.Equal([1d, 1d], ones([2L], dtype: float64).data<double>().ToArray());
        Assert.Equal([7L, 7L, 7L], full(3, 7, dtype: int64).data<long>().ToArray());
        Assert.Equal([1f, 0f, 0f, 1f], eye(2).data<float>().ToArray());
        Assert.Equal([4L, 0L, 5L], empty(4L, 0L, 5L).shape);
    }

    [Fact]
    public void LikeFactories_TakeShapeAndTypeFromTheirModel()
    {
        var model = zeros([2, 2], dtype: int32);
        Assert.Equal([1, 1, 1, 1], ones_like(model).data<int>().ToArray());
        Assert.Equal([9, 9, 9, 9], full_like(model, 9).data<int>().ToArray());
        Assert.Equal(float64, zeros_like(model, dtype: float64).dtype);
        Assert.Equal(int32, empty_like(model).dtype);
    }

    [Fact]
    public void Arange_IsIntegerUnlessANumberIsNot()
    {
        Assert.Equal([0L, 1L, 2L], arange(3).data<long>().ToArray());
        Assert.Equal([1L, 3L], arange(1, 5, 2).data<long>().ToArray());
        Assert.Equal([0f, 0.5f], arange(0, 1, 0.5).data<float>().ToArray());
    }

    [Fact]
    public void Arrays_AreCopiedInTheirOwnTypeOrTheGivenOne()
    {
        float[] source = [1, 2, 3, 4];
        var copied = tensor(source, [2, 2]);
        source[0] = 99;
        Assert.Equal([1f, 2f, 3f, 4f], copied.data<float>().ToArray());
        Assert.Equal([true, false], tensor([true, false]).data<bool>().ToArray());
        Assert.Equal([5L, 6L], tensor([5L, 6L]).data<long>().ToArray());
        Assert.Equal([5, 6], tensor([5, 6]).data<int>().ToArray());
        Assert.Equal([5d], tensor([5L], dtype: float64).data<double>().ToArray());
        Assert.Equal(0, tensor(3.5).ndim);
        Assert.Equal(3.5, tensor(3.5).item<double>());
    }

    [Fact]
    public void AnArrayThatDoesNotFillTheShape_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => tensor([1f, 2f, 3f], [2, 2]));
        Assert.Contains("4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CatAndStack_Join()
    {
        var a = tensor([1f, 2f]);
        var b = tensor([3f, 4f]);
        Assert.Equal([1f, 2f, 3f, 4f], cat([a, b]).data<float>().ToArray());
        var stacked = stack([a, b], dim: 1);
        Assert.Equal([2L, 2L], stacked.shape);
        Assert.Equal([1f, 3f, 2f, 4f], stacked.data<float>().ToArray());
    }

    [Fact]
    public void EqualSeeds_GiveEqualNumbers()
    {
        using var one = new Generator(17);
        using var two = new Generator(17);
        using var other = new Generator(18);
        var first = randn(100, generator: one);
        Assert.True(first.allclose(randn(100, generator: two), rtol: 0, atol: 0));
        Assert.False(first.allclose(randn(100, generator: other)));
        Assert.Equal(17, one.initial_seed());
    }

    [Fact]
    public void AGeneratorsState_CanBeTakenAndPutBack()
    {
        using var generator = new Generator(5);
        _ = rand(3, generator: generator);
        var state = generator.get_state();
        var first = empty(10L).uniform_(0, 1, generator);
        generator.set_state(state);
        Assert.True(first.allclose(empty(10L).uniform_(0, 1, generator), rtol: 0, atol: 0));
        generator.manual_seed(5);
        _ = rand(3, generator: generator);
        Assert.True(first.allclose(rand(10, generator: generator), rtol: 0, atol: 0));
    }

    [Fact]
    public void RandomNumbers_LieWhereTheyShould()
    {
        using var generator = new Generator(1);
        var uniform = rand(1000, generator: generator);
        Assert.InRange(uniform.min().item<float>(), 0f, 0.05f);
        Assert.InRange(uniform.max().item<float>(), 0.95f, 0.9999999f);
        var normal = empty([10000], dtype: float64).normal_(2, 3, generator);
        Assert.InRange(normal.mean().item<double>(), 1.9, 2.1);
        Assert.InRange(normal.std().item<double>(), 2.9, 3.1);
        var integers = randint(2, 5, [1000], generator: generator);
        Assert.Equal(int64, integers.dtype);
        Assert.Equal(2, integers.min().item<long>());
        Assert.Equal(4, integers.max().item<long>());
    }
}
