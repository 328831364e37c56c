using static TorchSharp.torch;

namespace TorchSharpTests;

/// <summary>The embedded engine's errors say what is wrong; TorchSharp's own are of the same types.</summary>
public sealed class MessageTests : ScopedTest
{
    [Fact]
    public void BytesOfTheWrongNumber_AreSaidToBe()
    {
        var x = zeros(2, 2);
        Assert.Contains("16", Assert.Throws<ArgumentException>(() => x.bytes = new byte[15]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADisposedTensor_SaysSo()
    {
        var x = zeros(1);
        x.Dispose();
        Assert.Contains("disposed", Assert.Throws<InvalidOperationException>(() => x.add(1)).Message, StringComparison.Ordinal);
    }
}
