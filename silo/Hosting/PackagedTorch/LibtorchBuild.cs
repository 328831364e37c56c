using static TorchSharp.torch;

namespace Bgpo.Silo;

/// <summary>What computes, for the run's fingerprint: here the libtorch of TorchSharp's packages with the BLAS inside it.</summary>
internal static class LibtorchBuild
{
    /// <summary>Version and BLAS.</summary>
    internal static string Description => $"libtorch {__version__}; its own BLAS";
}
