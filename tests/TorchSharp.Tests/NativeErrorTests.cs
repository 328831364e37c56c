using System.Runtime.InteropServices;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharpTests;

public sealed class NativeErrorTests : ScopedTest
{
    [Fact]
    public void MismatchedShapes_AreErrorsWithLibtorchsMessage()
    {
        Refused(() => ones(2, 3).add(ones(4)), "must match the size");
        Refused(() => F.linear(ones(2, 3), ones(4, 5)), "shapes cannot be multiplied");
        Refused(() => ones(2).view(3), "invalid for input of size 2");
        Refused(() => cat([ones(2, 2), ones(3, 3)]), "must match");
        Refused(() => ones(2).add_(ones(3)), "must match the size");
    }

    [Fact]
    public void BackwardTwice_IsAnError()
    {
        var x = ones(1).requires_grad_();
        var loss = x.square().sum();
        loss.backward();
        Refused(loss.backward, "second time");
    }

    [Fact]
    public void GradientsOfWhatHasNone_AreErrors()
    {
        var x = ones(2).requires_grad_();
        Refused((x * 2).backward, "scalar outputs");
        Refused(ones(1).backward, "does not require grad");
        Refused(() => x.add_(1), "in-place operation");
    }

    [Fact]
    public void IndicesOutsideTheirDimension_AreErrors()
    {
        Refused(() => ones(2).index_select(0, tensor([2L])), "out of range");
        Refused(() => ones(2).narrow(0, 1, 2), "length");
        Refused(() => ones(2)[2], "out of range");
        Refused(() => ones(2).size(1), "out of range");
        Refused(() => ones(2).topk(3), "out of range");
        Refused(() => ones(2).gather(0, tensor([5L])), "out of bounds");
    }

    [Fact]
    public void ImpossibleTensors_AreErrors()
    {
        Refused(() => zeros(-1), "negative dimension");
        Refused(() => zeros(1L << 60), "memory");
        Assert.Throws<ArgumentException>(() => randn([2], dtype: int64));
    }

    [Fact]
    public void AnErrorLeavesThePlaceUsable()
    {
        var x = ones(2, 2).requires_grad_();
        for (var i = 0; i < 100; i++)
            Refused(() => F.linear(x, ones(3, 3)), "multiplied");
        x.matmul(x).sum().backward();
        Assert.Equal(4f, x.grad![0, 0].item<float>());
    }

    internal static void Refused(Action action, string message)
        => Assert.Contains(message, Assert.Throws<ExternalException>(action).Message, StringComparison.OrdinalIgnoreCase);

    internal static void Refused(Func<object> function, string message) => Refused(() => { _ = function(); }, message);
}
