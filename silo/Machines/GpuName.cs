namespace Bgpo.Silo.Machines;

/// <summary>The names of this machine's GPUs: their kernels differ, so they are part of the numerics fingerprint.</summary>
internal static class GpuName
{
    /// <summary>Each kind of GPU once, as the driver says it, or "unknown GPU".</summary>
    public static string Read()
    {
        const string folder = "/proc/driver/nvidia/gpus", model = "Model:";
        if (!Directory.Exists(folder))
        {
            return "unknown GPU";
        }
        string[] names =
        [
            .. Directory.EnumerateFiles(folder, "information", SearchOption.AllDirectories)
                .SelectMany(File.ReadLines).Where(line => line.StartsWith(model, StringComparison.Ordinal))
                .Select(line => line[model.Length..].Trim()).Distinct().Order(StringComparer.Ordinal),
        ];
        return names.Length == 0 ? "unknown GPU" : string.Join(" and ", names);
    }
}
