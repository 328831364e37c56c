namespace Bgpo.Silo.Machines;

/// <summary>
/// The processor's name: BLAS and libtorch choose their kernels by it, so it is part of the numerics fingerprint.
/// </summary>
internal static class CpuName
{
    /// <summary>The first "model name" of /proc/cpuinfo, or "unknown processor".</summary>
    public static string Read()
    {
        const string file = "/proc/cpuinfo";
        string? line = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? "unknown processor" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
