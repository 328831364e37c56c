using System.Runtime.InteropServices;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharpTests;

public sealed class GradientTests : ScopedTest
{
    private static readonly Dictionary<string, Func<Tensor, Tensor>> s_functions = new()
    {
        ["arithmetic"] = x => ((x * x) + (2 * x) - (x / 3) + (1 / (x + 4)) - (5 - x)).sum(),
        ["powers"] = x => (x.abs().add(1).pow(1.5) + x.square().add(1).rsqrt() + x.abs().add(1).log()).sum(),
        ["waves"] = x => (x.sin() * x.cos() + x.tanh() + x.sigmoid() + x.exp() + x.erf()).sum(),
        ["silu and gelu"] = x => (F.silu(x) * F.gelu(x)).sum(),
        ["linear"] = x => F.linear(x, x.neg().add(1), x.sum(1).narrow(0, 0, 3)).square().sum(),
        ["matmul"] = x => x.matmul(x.t()).square().sum(),
        ["softmax"] = x => (F.softmax(x, 1) * x).sum(),
        ["log_softmax"] = x => F.log_softmax(x, 1).gather(1, tensor([0L, 3L, 1L], [3, 1])).sum(),
        ["logsumexp"] = x => x.logsumexp(1).square().sum(),
        ["cross_entropy"] = x => F.cross_entropy(x, tensor([0L, 3L, 1L]), label_smoothing: 0.1),
        ["layer_norm"] = x => (F.layer_norm(x, [4], x[0], x[1]) * x).sum(),
        ["attention"] = x => F.scaled_dot_product_attention(
            x.view(1, 1, 3, 4), x.view(1, 1, 3, 4) * 2, x.view(1, 1, 3, 4)).square().sum(),
        ["indexing"] = x => (x.index_select(1, tensor([2L, 2L, 0L])).sum() * x.masked_fill(x > 0, 0).sum()) + x.triu().square().sum(),
        ["joining"] = x => cat([x, x * 2]).square().sum() + stack([x, x.neg()]).pow(3).sum() + x.chunk(2, 1)[1].exp().sum(),
        ["extremes"] = x => x.amax(1).square().sum() + x.max(0).values.sum() + x.clamp(-0.5, 0.5).square().sum(),
        ["spread"] = x => x.var(1).sum() + x.std() + x.norm() + x.mean([0]).square().sum() + x.cumsum(1).square().sum(),
    };

    public static TheoryData<string> Names => [.. s_functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Backward_AgreesWithFiniteDifferences(string name)
    {
        const double step = 1e-6;
        var function = s_functions[name];
        using var generator = new Generator(3);
        var x = randn([3, 4], dtype: float64, generator: generator).requires_grad_();
        function(x).backward();
        var gradient = x.grad!.data<double>().ToArray();

        using var still = no_grad();
        var at = x.detach().clone();
        for (var i = 0; i < gradient.Length; i++)
        {
            var element = at.view(-1)[i];
            element.add_(step);
            var above = function(at).item<double>();
            element.sub_(2 * step);
            var below = function(at).item<double>();
            element.add_(step);
            var difference = (above - below) / (2 * step);
            Assert.True(
                Math.Abs(difference - gradient[i]) < 1e-6 * Math.Max(1, Math.Abs(difference)),
                $"element {i}: backward says {gradient[i]}, differences {difference}");
        }
    }

    [Fact]
    public void AutogradGrad_GivesGradientsWithoutTouchingGrad()
    {
        var x = tensor([1.0, 2.0], requires_grad: true);
        var y = tensor([3.0, 4.0], requires_grad: true);
        var unused = tensor([1.0], requires_grad: true);
        var gradients = autograd.grad([(x * y).sum()], [x, y, unused], allow_unused: true);
        Assert.Equal([3.0, 4.0], gradients[0].data<double>().ToArray());
        Assert.Equal([1.0, 2.0], gradients[1].data<double>().ToArray());
        Assert.True(gradients[2] is not { IsInvalid: false }); // null, or a tensor of nothing on TorchSharp's packages
        Assert.Null(x.grad);
    }

    [Fact]
    public void CreateGraph_LetsGradientsBeDifferentiated()
    {
        var x = tensor([2.0], requires_grad: true);
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0];
        var second = autograd.grad([first.sum()], [x])[0];
        Assert.Equal(12.0, first.item<double>(), 9);
        Assert.Equal(12.0, second.item<double>(), 9);
        Assert.True(first.requires_grad);
        Assert.False(second.requires_grad);
    }

    [Fact]
    public void GradientsWeighTheOutputs()
    {
        var x = tensor([1.0, 2.0], requires_grad: true);
        var weights = tensor([10.0, 100.0]);
        var gradient = autograd.grad([x * x], [x], [weights])[0];
        Assert.Equal([20.0, 400.0], gradient.data<double>().ToArray());
        (x * x).backward([weights]);
        Assert.Equal([20.0, 400.0], x.grad!.data<double>().ToArray());
    }

    [Fact]
    public void RetainGraph_AllowsASecondPassThatAdds()
    {
        var x = tensor([3.0], requires_grad: true);
        var loss = x.square().sum();
        loss.backward(retain_graph: true);
        loss.backward();
        Assert.Equal(12.0, x.grad!.item<double>());
    }

    [Fact]
    public void BackwardToNamedInputs_LeavesTheOthersAlone()
    {
        var x = tensor([3.0], requires_grad: true);
        var y = tensor([4.0], requires_grad: true);
        (x * y).sum().backward(inputs: [x]);
        Assert.Equal(4.0, x.grad!.item<double>());
        Assert.Null(y.grad);
    }

    [Fact]
    public void FlatBuffers_HoldParametersAndCollectTheirGradientsInPlace()
    {
        var flat = zeros(10);
        var flatGrad = zeros(10);
        flat.copy_(arange(10));
        var p = flat.narrow(0, 2, 6).view(2, 3).detach().requires_grad_();
        p.grad = flatGrad.narrow(0, 2, 6).view(2, 3);
        Assert.True(p.is_leaf);

        (p * p).sum().backward();
        (p * p).sum().backward();

        Assert.Equal([0f, 0f, 8f, 12f, 16f, 20f, 24f, 28f, 0f, 0f], flatGrad.data<float>().ToArray());
        MemoryMarshal.Cast<byte, float>(flat.bytes)[2] = 100;
        Assert.Equal(100f, p[0, 0].item<float>());
        p.grad = null;
        Assert.Null(p.grad);
    }

    [Fact]
    public void Grad_IsANewObjectOnTheSameMemoryAtEachRead()
    {
        var x = tensor([1f], requires_grad: true);
        x.sum().backward();
        var one = x.grad!;
        var two = x.grad!;
        Assert.NotSame(one, two);
        one.fill_(5);
        Assert.Equal(5f, two.item<float>());
    }

    [Fact]
    public void Detach_CutsTheGraph()
    {
        var x = tensor([2f], requires_grad: true);
        Assert.False((x * 2).detach().requires_grad);
        Assert.False((x * 2).is_leaf);
        var y = x * 2;
        Assert.True(y.detach_().is_leaf);
    }

    [Fact]
    public void Parameters_TakeOverTheirTensor()
    {
        var data = zeros(2);
        var parameter = nn.Parameter(data);
        Assert.True(data.IsInvalid);
        Assert.True(parameter.requires_grad);
        parameter.sum().backward();
        Assert.Equal([1f, 1f], parameter.grad!.data<float>().ToArray());
        Assert.False(nn.Parameter(zeros(1), requires_grad: false).requires_grad);
    }
}
