using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Finds libtorchshim.so beside the assembly and, before it, loads OpenBLAS where Debian's libopenblas0-pthread put it, held to
/// one thread. glibc serves a later request for the same SONAME from what is loaded already, so libtorch then uses this BLAS
/// whatever /etc/alternatives points to.
/// </summary>
/// <remarks>
/// One thread, since a BLAS that starts its own would make results depend on the number of cores and would make two devices
/// fight for them. Not the build without threads (libopenblas0-serial): it hands out its work buffers without a lock, so two
/// devices that multiply at the same time now and then write into each other's. BlasTests shows it on that build.
/// </remarks>
internal static partial class LibtorchLoader
{
    // RTLD_NOW without RTLD_GLOBAL: found by its SONAME where it is needed, and in nobody's way where it is not, as with a
    // libtorch that has another BLAS built in.
    private const int Now = 0x2;

    // libblas and liblapack need libopenblas, which their run path finds in the same folder.
    private static readonly string[] s_blas = ["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"];

    internal static void Install()
    {
        LoadBlas();
        NativeLibrary.SetDllImportResolver(typeof(LibtorchLoader).Assembly, Resolve);
    }

    private static void LoadBlas()
    {
        // Read when the library is loaded; .NET's own environment is a copy that native code does not see.
        _ = SetEnvironment("OPENBLAS_NUM_THREADS", "1", 1);
        var folder = $"/usr/lib/{Multiarch}/openblas-pthread";
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

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial nint DlError();
}
