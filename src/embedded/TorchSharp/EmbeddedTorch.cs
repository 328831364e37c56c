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
    /// The BLAS that serves matrix products: its build and the kernels that it chose for this processor (such as "OpenBLAS 0.3.21
    /// ... SkylakeX MAX_THREADS=128"), and the files it was loaded from; or "built into libtorch".
    /// </summary>
    public static string BlasDescription
    {
        get
        {
            // After any native call libtorch is loaded, and with it its BLAS.
            _ = torch.get_num_threads();
            var files = LibtorchLoader.MappedBlas();
            var configuration = LibtorchLoader.OpenBlasConfiguration();
            return files.Count == 0 ? "built into libtorch" : $"{configuration ?? "unknown build"} ({string.Join(", ", files)})";
        }
    }
}
