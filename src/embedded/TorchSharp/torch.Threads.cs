using System.Runtime.InteropServices;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The version of libtorch, such as 1.13.1.</summary>
    public static string __version__ => Marshal.PtrToStringUTF8(ts_version())!;

    /// <summary>The number of threads that libtorch uses for one operation started on this thread.</summary>
    public static int get_num_threads() => ts_get_num_threads();

    /// <summary>
    /// Sets the number of threads that libtorch uses for one operation, for the calling thread: libtorch keeps it in OpenMP, where
    /// every thread has its own. A thread that has not used libtorch yet starts with the number set last, by whatever thread; so
    /// every thread that computes sets its own first. With 1, no thread is started.
    /// </summary>
    /// <exception cref="ExternalException">The number is not positive.</exception>
    public static void set_num_threads(int num) => Check(ts_set_num_threads(num));
}
