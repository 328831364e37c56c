using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// The functions of native/*.cpp. All arguments are blittable: a tensor is its handle, a flag is 0 or 1, a shape is a pinned
/// span. Functions that make a tensor answer 0 on failure; functions of type int answer 0 on success unless they are getters.
/// Only getters that read a field and cannot block or throw suppress the GC transition.
/// </summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = "torchshim";

    // Every first use of a native function passes here, before the runtime looks for the library.
    static NativeMethods() => LibtorchLoader.Install();

#pragma warning disable CA2201 // The exception that TorchSharp throws.
    /// <summary>What libtorch said about the failure that this thread just met.</summary>
    internal static ExternalException LastError()
        => new(Marshal.PtrToStringUTF8(ts_last_error()) is { Length: > 0 } message ? message : "libtorch failed without a message");
#pragma warning restore CA2201

    /// <summary>Throws what libtorch said unless <paramref name="status"/> is 0.</summary>
    internal static void Check(int status)
    {
        if (status != 0)
            throw LastError();
    }
}
