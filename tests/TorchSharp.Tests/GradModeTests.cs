using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class GradModeTests : ScopedTest
{
    [Fact]
    public void NoGrad_RecordsNothingUntilDisposed()
    {
        var x = ones(1).requires_grad_();
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            Assert.False((x * 2).requires_grad);
            using (enable_grad())
                Assert.True((x * 2).requires_grad);
            Assert.False((x * 2).requires_grad);
        }

        Assert.True((x * 2).requires_grad);
    }

    [Fact]
    public void InferenceMode_MakesTensorsThatNoGraphAccepts()
    {
        var x = ones(1).requires_grad_();
        Tensor inside;
        using (inference_mode())
        {
            Assert.True(is_inference_mode_enabled());
            inside = x * 2;
            Assert.False(inside.requires_grad);
        }

        Assert.False(is_inference_mode_enabled());
        Assert.Contains("nference", Assert.ThrowsAny<Exception>(() => (inside * x).sum().backward()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Modes_BelongToTheirThread()
    {
        using var off = no_grad();
        using var inference = inference_mode();
        var (elsewhereGrad, elsewhereInference) = OnAnotherThread(() => (is_grad_enabled(), is_inference_mode_enabled()));
        Assert.True(elsewhereGrad);
        Assert.False(elsewhereInference);
        Assert.False(is_grad_enabled());
        Assert.True(is_inference_mode_enabled());
    }

    [Fact]
    public void ModesSetElsewhere_DoNotReachThisThread()
    {
        _ = OnAnotherThread(no_grad);
        Assert.True(is_grad_enabled());
    }

    private static T OnAnotherThread<T>(Func<T> function)
    {
        T result = default!;
        var thread = new Thread(() => result = function());
        thread.Start();
        thread.Join();
        return result;
    }
}
