using static TorchSharp.torch;
using static TorchSharpTests.NativeErrorTests;

namespace TorchSharpTests;

/// <summary>
/// Errors that end the process on TorchSharp 0.107, whose native functions of these names let libtorch's exceptions through, or that it
/// says nothing of.
/// </summary>
public sealed class UncaughtErrorTests : ScopedTest
{
    [Fact]
    public void Matmul() => Refused(() => ones(2, 3).matmul(ones(2, 3)), "shapes cannot be multiplied");

    [Fact]
    public void Grad()
    {
        var x = ones(2).requires_grad_();
        Refused(() => autograd.grad([x * 2], [x]), "scalar outputs");
        Refused(() => autograd.grad([x.sum()], [ones(1).requires_grad_()]), "not have been used");
    }

    [Fact]
    public void SetState()
    {
        using var generator = new Generator(1);
        Refused(() => generator.set_state(zeros(3)), "");
    }

    [Fact]
    public void SetGrad()
    {
        var x = ones(2).requires_grad_();
        Refused(() => x.grad = ones(3), "shape");
        Refused(() => x.grad = ones([2], dtype: float64), "type");
    }

    [Fact]
    public void RequiresGrad() => Refused(() => ones([1], dtype: int64).requires_grad = true, "floating point");

    [Fact]
    public void SetNumThreads() => Refused(() => set_num_threads(0), "positive number of threads");
}
