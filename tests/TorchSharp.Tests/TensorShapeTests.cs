using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class TensorShapeTests : ScopedTest
{
    [Fact]
    public void Views_ShareTheirMemory()
    {
        var x = zeros(2, 3);
        x.view(3, 2).fill_(1);
        x.narrow(1, 0, 1).add_(1);
        x[1].mul_(10);
        Assert.Equal([2f, 1f, 1f, 20f, 10f, 10f], x.data<float>().ToArray());
        x[0, 1] = tensor(5f);
        Assert.Equal(5f, x.select(0, 0).select(0, 1).item<float>());
    }

    [Fact]
    public void ShapeFunctions_GiveTheirShapes()
    {
        var x = zeros(2, 3, 4);
        Assert.Equal([4L, 2L, 3L], x.permute(2, 0, 1).shape);
        Assert.Equal([2L, 4L, 3L], x.transpose(1, 2).shape);
        Assert.Equal([6L, 4L], x.flatten(0, 1).shape);
        Assert.Equal([2L, 1L, 3L, 4L], x.unsqueeze(1).shape);
        Assert.Equal([2L, 3L, 4L], x.unsqueeze(1).squeeze(1).shape);
        Assert.Equal([4L], zeros(1, 4, 1).squeeze().shape);
        Assert.Equal([24L], x.reshape(-1).shape);
        Assert.Equal([5L, 2L, 3L, 4L], x.expand(5, -1, -1, -1).shape);
        Assert.Equal([4L, 3L, 4L], x.repeat(2, 1, 1).shape);
        Assert.Equal([3L, 2L], zeros(2, 3).t().shape);
        Assert.Equal([2L, 2L, 4L], x.slice(1, 0, 3, 2).shape);
        Assert.Equal(12, x.stride(0));
        Assert.Equal(3, x.size(-2));
        Assert.Equal([1L, 4L], x[0].t().stride());
        Assert.False(x[0].t().is_contiguous());
        Assert.True(x[0].t().contiguous().is_contiguous());
        Assert.Equal(24, x.numel());
        Assert.Equal(3, x.dim());
        Assert.Equal(4, x.ElementSize);
        Assert.Equal(12, x[1].storage_offset());
    }

    [Fact]
    public void SplitAndChunk_CoverTheDimension()
    {
        var x = arange(7);
        Assert.Equal([3L, 3L, 1L], x.split(3).Select(part => part.numel()));
        Assert.Equal([5L, 6L], x.split([2L, 3L, 2L])[2].data<long>().ToArray());
        Assert.Equal([4L, 3L], x.chunk(2).Select(part => part.numel()));
    }

    [Fact]
    public void Triangles_KeepTheirHalf()
    {
        Assert.Equal([1f, 1f, 0f, 1f], ones(2, 2).triu().data<float>().ToArray());
        Assert.Equal([0f, 0f, 1f, 0f], tril(ones(2, 2), -1).data<float>().ToArray());
    }

    [Fact]
    public void Selecting_TakesTheNamedElements()
    {
        var x = tensor([1f, 2f, 3f, 4f, 5f, 6f], [2, 3]);
        Assert.Equal([3f, 1f, 6f, 4f], x.index_select(1, tensor([2L, 0L])).data<float>().ToArray());
        Assert.Equal([2f, 6f], x.gather(1, tensor([1L, 2L], [2, 1])).data<float>().ToArray());
        Assert.Equal([2f, 4f], x.masked_select(tensor([false, true, false, true, false, false], [2, 3])).data<float>().ToArray());
        Assert.Equal([0L, 1L, 1L, 0L], tensor([0, 5, 6, 0], [2, 2]).nonzero().data<long>().ToArray());
        Assert.Equal([1f, 0f, 3f], where(tensor([true, false, true]), x[0], zeros(3)).data<float>().ToArray());
        Assert.Equal([1f, -1f, 3f], x[0].masked_fill(tensor([false, true, false]), -1).data<float>().ToArray());
        Assert.Equal([1L, 1L, 2L, 2L], tensor([1L, 2L]).repeat_interleave(2).data<long>().ToArray());
    }

    [Fact]
    public void Scattering_WritesAndAddsToTheNamedElements()
    {
        var x = zeros(4);
        x.scatter_(0, tensor([1L, 3L]), tensor([5f, 6f]));
        x.scatter_add_(0, tensor([1L, 1L]), tensor([1f, 1f]));
        x.index_add_(0, tensor([0L, 3L]), tensor([1f, 1f]), 2);
        x.masked_fill_(tensor([false, false, true, false]), 9);
        Assert.Equal([2f, 7f, 9f, 8f], x.data<float>().ToArray());
        Assert.Equal([0f, 1f], zeros(2).scatter(0, tensor([1L]), ones(1)).data<float>().ToArray());
        Assert.Equal([0f, 2f], zeros(2).scatter_add(0, tensor([1L, 1L]), ones(2)).data<float>().ToArray());
        Assert.Equal([0f, 3f], zeros(2).index_add(0, tensor([1L]), ones(1), 3).data<float>().ToArray());
    }
}
