namespace Bgpo.Model.Tests;

/// <summary>What <c>--devices</c> says.</summary>
public class DeviceSetTests
{
    [Theory]
    [InlineData("cpu", "cpu:1", false)]
    [InlineData("cpu:2", "cpu:2", false)]
    [InlineData("cuda", "cuda:0", true)]
    [InlineData("cuda:0,3", "cuda:0,3", true)]
    [InlineData("cuda:all", "cuda:all", true)]
    public void WhatIsMeant_IsRead_AndWrittenAlike(string text, string written, bool isCuda)
    {
        DeviceSet devices = Assert.IsType<DeviceSet>(DeviceSet.TryParse(text));
        Assert.Equal((written, isCuda), (devices.ToString(), devices.IsCuda));
        Assert.Equal(devices, DeviceSet.TryParse(written));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu:0")]
    [InlineData("cpu:1025")]
    [InlineData("cpu:all")]
    [InlineData("cpu:-1")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:0,0")]
    [InlineData("cuda:0,")]
    [InlineData("cuda:0:1")]
    [InlineData("cuda:x")]
    [InlineData("mps")]
    [InlineData("CPU:1")]
    public void WhatIsNot_IsRefused(string text) => Assert.Null(DeviceSet.TryParse(text));

    [Fact]
    public void Threads_AreDevicesOfOneProcessor() => Assert.Equal(["cpu", "cpu"], DeviceSet.Cpu(2).Resolve());

    [Fact]
    public void GpusThatAreNotThere_AreRefusedInOneLine()
    {
        if (TorchSharp.torch.cuda_is_available())
        {
            ModelException missing = Assert.Throws<ModelException>(() => DeviceSet.TryParse("cuda:99")!.Resolve());
            Assert.Contains("there is no GPU 99", missing.Message, StringComparison.Ordinal);
            return;
        }
        ModelException refusal = Assert.Throws<ModelException>(() => DeviceSet.TryParse("cuda:all")!.Resolve());
        Assert.Contains("no GPU can be used here", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
