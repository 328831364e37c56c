using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharpTests;

public sealed class SmokeTests
{
    [Fact]
    public void ForwardAndBackward_GiveTheGradient()
    {
        using var scope = NewDisposeScope();
        var x = tensor([1f, 2f, 3f], requires_grad: true);
        (x * x).sum().backward();
        Assert.Equal([2f, 4f, 6f], x.grad!.data<float>().ToArray());
        var y = F.linear(ones(2, 3), ones(4, 3));
        Assert.Equal(3f, y[0, 0].item<float>());
    }

    [Fact]
    public void MismatchedShapes_Throw()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<System.Runtime.InteropServices.ExternalException>(() => ones(2, 3).matmul(ones(2, 3)));
        Assert.Contains("openblas", TorchSharp.Embedded.EmbeddedTorch.BlasDescription);
    }
}
