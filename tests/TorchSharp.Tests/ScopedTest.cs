using TorchSharp;

namespace TorchSharpTests;

/// <summary>Frees what a test makes. xunit makes and disposes a test's object on the test's thread.</summary>
public abstract class ScopedTest : IDisposable
{
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }
}
