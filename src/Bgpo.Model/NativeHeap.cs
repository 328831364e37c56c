using System.Runtime.InteropServices;

namespace Bgpo.Model;

/// <summary>
/// glibc's heap, from which libtorch takes its CPU tensors. By its defaults it gives a freed block of over 128 KiB back to the
/// system at once, and the next tensor of that size pays for fresh pages: measured, a quarter of all CPU time of a small model's
/// steps.
/// </summary>
/// <remarks>What is kept is bounded by the peak of what was in use.</remarks>
public static partial class NativeHeap
{
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;

    /// <summary>The largest that glibc takes.</summary>
    private const int LargestFromHeap = 32 << 20;

    private static readonly bool s_isKept = Set();

    /// <summary>From now on, freed blocks of up to 32 MiB stay with the process.</summary>
    /// <returns>False where libc is another than glibc: nothing is changed there.</returns>
    public static bool KeepFreed() => s_isKept;

    private static bool Set()
    {
        try
        {
            return MallOpt(MapThreshold, LargestFromHeap) == 1 && MallOpt(TrimThreshold, int.MaxValue) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallOpt(int parameter, int value);
}
