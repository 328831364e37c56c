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
    // RTLD_NOW without RTLD_GLOBAL: found by its SONAME where it is needed, and in nobody's way where it is not, as with a
    // libtorch that has another BLAS built in.
    private const int Now = 0x2;

    // libblas and liblapack need libopenblas, which their run path finds in the same folder.
    private static readonly string[] s_blas = ["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"];

    internal static void Install()
    {
        LoadSerialBlas();
        NativeLibrary.SetDllImportResolver(typeof(LibtorchLoader).Assembly, Resolve);
    }

    private static void LoadSerialBlas()
    {
        var folder = $"/usr/lib/{Multiarch}/openblas-serial";
        foreach (var file in s_blas)
        {
            var path = Path.Combine(folder, file);
            if (File.Exists(path) && DlOpen(path, Now) == 0)
                throw new DllNotFoundException($"cannot load {path}: {Marshal.PtrToStringUTF8(DlError())}");
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

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial nint DlError();
}
