using TorchSharp.Embedded;

namespace Bgpo.Silo;

/// <summary>What computes, for the run's fingerprint: here the system's libtorch and the BLAS that serves it.</summary>
internal static class LibtorchBuild
{
    /// <summary>Version and BLAS.</summary>
    internal static string Description => $"libtorch {EmbeddedTorch.LibtorchVersion}; {EmbeddedTorch.BlasDescription}";
}
