using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Finds libtorchshim.so beside the assembly and, before it, loads the serial OpenBLAS where Debian's libopenblas0-serial put
/// it. glibc serves a later request for the same SONAME from what is loaded already, so libtorch then uses the serial BLAS
/// whatever /etc/alternatives points to. A threaded BLAS would start threads of its own under one-thread devices and make
/// results depend on the number of cores.
/// </summary>
internal static partial class LibtorchLoader
{
    private const int Now = 0x2;
    private const int Global = 0x100;

    // libblas and liblapack need libopenblas, which their run path finds in the same folder.
    private static readonly string[] s_blas = ["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"];

    internal static void Install()
    {
        LoadSerialBlas();
        NativeLibrary.SetDllImportResolver(typeof(LibtorchLoader).Assembly, Resolve);
    }

    private static void LoadSerialBlas()
    {
        // A libtorch given by LIBTORCH may bring its own BLAS; then these are loaded and stay unused.
        var folder = $"/usr/lib/{Multiarch}/openblas-serial";
        foreach (var file in s_blas)
        {
            var path = Path.Combine(folder, file);
            if (File.Exists(path) && DlOpen(path, Now | Global) == 0)
                throw new DllNotFoundException($"cannot load {path}: {Marshal.PtrToStringUTF8(DlError())}");
        }
    }

    /// <summary>The BLAS libraries in this process's memory, with symbolic links resolved, in order.</summary>
    internal static IReadOnlyList<string> MappedBlas()
        => [.. File.ReadLines("/proc/self/maps")
            .Select(line => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? line[slash..] : "")
            .Where(path => Path.GetFileName(path) is var file
                && (file.StartsWith("libblas", StringComparison.Ordinal)
                    || file.StartsWith("libopenblas", StringComparison.Ordinal)
                    || file.StartsWith("libmkl_", StringComparison.Ordinal)))
            .Distinct()
            .Order(StringComparer.Ordinal)];

    /// <summary>What OpenBLAS says of itself, or null where another BLAS is used.</summary>
    internal static string? OpenBlasConfiguration()
    {
        // RTLD_DEFAULT: the one that libtorch's own calls reach.
        var function = DlSym(0, "openblas_get_config");
        if (function == 0)
            return null;
        unsafe
        {
            return Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)function)());
        }
    }

    private static string Multiarch => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => "x86_64-linux-gnu",
        Architecture.Arm64 => "aarch64-linux-gnu",
        var other => throw new PlatformNotSupportedException(
            $"the embedded TorchSharp runs on x64 and arm64 Linux, not on {other}; use the TorchSharp packages there"),
    };

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != "torchshim")
            return 0;
        var path = Path.Combine(AppContext.BaseDirectory, "libtorchshim.so");
        if (!File.Exists(path))
        {
            throw new DllNotFoundException(
                $"{path} is missing: it is built with src/embedded/TorchSharp and copied to the output of every project that refers to it");
        }

        return NativeLibrary.Load(path);
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint DlOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dlsym", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint DlSym(nint library, string name);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial nint DlError();
}
