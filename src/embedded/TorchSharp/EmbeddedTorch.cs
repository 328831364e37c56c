using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp.Embedded;

/// <summary>
/// What TorchSharp itself does not tell: what computes here. Results of floating-point sums depend on it, so a run that promises
/// the same bits records it.
/// </summary>
public static class EmbeddedTorch
{
    /// <summary>The version of libtorch, such as 1.13.1.</summary>
    public static string LibtorchVersion => torch.__version__;

    /// <summary>libtorch's own description of how it was built: BLAS, vector instructions, OpenMP, CUDA. Several lines.</summary>
    public static string LibtorchConfiguration => Marshal.PtrToStringUTF8(NativeMethods.ts_show_config())!;

    /// <summary>
    /// The BLAS that serves libtorch's matrix products: what OpenBLAS says of itself, with the kernels that it chose for this
    /// processor, and its file, as in "OpenBLAS 0.3.21 DYNAMIC_ARCH Haswell SINGLE_THREADED (/usr/lib/.../libblas.so.3)"; the file
    /// alone for another BLAS; or "built into libtorch".
    /// </summary>
    public static string BlasDescription => Marshal.PtrToStringUTF8(NativeMethods.ts_blas())!;
}
