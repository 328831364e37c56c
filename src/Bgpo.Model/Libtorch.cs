using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// The native libraries of TorchSharp: where they are, and the settings that they read once, when they are loaded. Results are
/// the same bits only under the same settings, so all of them are set here, whatever the environment says.
/// </summary>
public static partial class Libtorch
{
    private const string Own = "libLibTorchSharp.so";

    /// <summary>Has the symbol that libstdc++ older than GCC 13's lacks; made by the build where it is needed.</summary>
    private const string OldLibstdcxx = "liboldlibstdcxx.so";

    /// <summary>
    /// One thread a device. Kernels of AVX2 where the processor has wider ones too, so that both kinds compute the same; MKL's
    /// reproducible mode for those.
    /// </summary>
    private static readonly (string Name, string Value)[] s_settings =
    [
        ("OMP_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("MKL_DYNAMIC", "FALSE"),
        ("MKL_CBWR", "AVX2"),
        ("ATEN_CPU_CAPABILITY", "avx2"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        // Of GPUs: products in float32, in an order that does not change, on devices that are counted as nvidia-smi does.
        ("NVIDIA_TF32_OVERRIDE", "0"),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
        ("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
    ];

    /// <summary>
    /// How the names begin of what libtorch and its libraries read: BLAS, oneDNN under both of its names, OpenMP. What is not set
    /// here is taken away, be it a mode of less precision or other kernels.
    /// </summary>
    private static readonly string[] s_taken =
        ["MKL_", "ONEDNN_", "DNNL_", "MKLDNN_", "ATEN_", "TORCH_", "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "BLIS_", "VECLIB_",
            "NVIDIA_TF32"];

    /// <summary>
    /// What computes, for a run's fingerprint: libtorch's version, its BLAS, and the instructions that it is held to.
    /// </summary>
    public static string Description =>
        $"libtorch {__version__[..__version__.LastIndexOf('.')]}; MKL CBWR=AVX2, ATen and oneDNN AVX2";

    /// <summary>Whether the build is on TorchSharp's package for CUDA.</summary>
    public static bool IsForCuda => Runtime == "cuda";

    /// <summary>The folder of the native libraries; null where .NET's own search is to find them.</summary>
    public static string? Folder { get; } = Find();

    private static string? Runtime => typeof(Libtorch).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(entry => entry.Key == "TorchSharpRuntime")?.Value;

    /// <summary>What the build did for this system's libstdc++, in words.</summary>
    public static string Adaptation => Folder is { } folder && File.Exists(Path.Combine(folder, OldLibstdcxx))
        ? "adapted to a libstdc++ older than GCC 13's"
        : "as in its package";

    /// <summary>Holds the calling thread, which is a device, to itself: OpenMP's setting belongs to the thread.</summary>
#pragma warning disable RS0030 // Here it is, with a number that it takes.
    public static void UseOneThread() => set_num_threads(1);
#pragma warning restore RS0030

    /// <summary>Holds GPUs to float32 and to attention whose gradient does not depend on the order of threads.</summary>
    public static void UseExactCuda()
    {
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;
        backends.cuda.enable_flash_sdp(false);
        backends.cuda.enable_math_sdp(true);
    }

    /// <summary>Loads the libraries. TorchSharp looks for what is loaded already before it looks elsewhere.</summary>
    /// <exception cref="DllNotFoundException">One is missing or does not fit the system.</exception>
#pragma warning disable CA2255 // Nothing of this assembly, which is what the others compute with, may run without.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Load()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        foreach (string name in Environment.GetEnvironmentVariables().Keys.OfType<string>().Where(IsTaken))
        {
            _ = RemoveEnvironment(name);
        }
        foreach ((string name, string value) in s_settings)
        {
            // The process's own copy is what native code reads; .NET's is what child processes get.
            _ = SetEnvironment(name, value, 1);
        }
        if (Folder is not { } folder)
        {
            return;
        }
        const int now = 2, global = 0x100;
        string old = Path.Combine(folder, OldLibstdcxx);
        if (File.Exists(old) && Open(old, now | global) == 0)
        {
            throw new DllNotFoundException($"{old} does not load; remove {folder} and build again");
        }
        _ = NativeLibrary.Load(Path.Combine(folder, Own));
    }

    /// <summary>Beside the program where it is published, in the checkout's artifacts where it is built.</summary>
    private static string? Find()
    {
        string name = $"libtorch-{Runtime}";
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            foreach (string folder in new[] { Path.Combine(at.FullName, name), Path.Combine(at.FullName, "artifacts", name) })
            {
                if (File.Exists(Path.Combine(folder, Own)))
                {
                    return folder;
                }
            }
        }
        return null;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    private static bool IsTaken(string name) => s_taken.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RemoveEnvironment(string name);

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string file, int flags);
}
