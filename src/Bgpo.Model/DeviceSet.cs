using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>The devices that a process computes on: <c>cpu:2</c>, two threads; <c>cuda:0,1</c>; or <c>cuda:all</c>.</summary>
public sealed record DeviceSet
{
    /// <summary>What a text of one looks like, for messages.</summary>
    public const string Forms = "cpu:N for N threads, cuda:I for one GPU or several with commas between, or cuda:all";

    /// <summary>Most threads.</summary>
    public const int MostThreads = 1024;

    private const string Cpus = "cpu";
    private const string Gpus = "cuda";
    private const string All = "all";

    private DeviceSet(string kind, int[]? indices) => (Kind, Indices) = (kind, indices);

    /// <summary>cpu or cuda.</summary>
    public string Kind { get; }

    /// <summary>Whether they are GPUs.</summary>
    public bool IsCuda => Kind == Gpus;

    /// <summary>Indices of the devices; null: all GPUs that there are.</summary>
    private int[]? Indices { get; }

    /// <summary>Threads of the processor.</summary>
    /// <param name="threads">How many, 1 to <see cref="MostThreads"/>.</param>
    public static DeviceSet Cpu(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MostThreads);
        return new DeviceSet(Cpus, [.. Enumerable.Range(0, threads)]);
    }

    /// <summary>Reads what a user wrote.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The devices; null where it is none of <see cref="Forms"/>.</returns>
    public static DeviceSet? TryParse(string text)
    {
        string[] parts = text.Split(':');
        return parts switch
        {
            [Cpus] => Cpu(1),
            [Cpus, var count] when Number(count) is >= 1 and <= MostThreads and var threads => Cpu(threads),
            [Gpus] => new DeviceSet(Gpus, [0]),
            [Gpus, All] => new DeviceSet(Gpus, null),
            [Gpus, var list] when list.Split(',').Select(Number).ToArray() is var indices
                && Array.TrueForAll(indices, index => index is >= 0) && indices.Distinct().Count() == indices.Length =>
                new DeviceSet(Gpus, [.. indices.Select(index => index!.Value)]),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => IsCuda
        ? $"{Gpus}:{(Indices is null ? All : string.Join(',', Indices))}" : $"{Cpus}:{Indices!.Length}";

    /// <summary>The devices, each one's name as libtorch has it. Loads libtorch.</summary>
    /// <exception cref="ModelException">There are no such GPUs.</exception>
    public IReadOnlyList<string> Resolve() => IsCuda
        ? [.. GpuIndices().Select(index => $"{Gpus}:{index}")]
        : [.. Indices!.Select(static _ => Cpus)];

    /// <summary>Whether two sets name the same devices.</summary>
    /// <param name="other">The other.</param>
    public bool Equals(DeviceSet? other) => other?.ToString() == ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private int[] GpuIndices()
    {
        if (!torch.cuda_is_available())
        {
            throw new ModelException($"devices {this}: no GPU can be used here: " + (Libtorch.IsForCuda
                ? "libtorch finds none (is the driver there, and not too old?); --devices cpu:N computes without"
                : "this build has TorchSharp's package for processors; TorchSharpRuntime=cuda ./bgpo builds on the one for " +
                    "CUDA"));
        }
        int count = cuda.device_count();
        int[] indices = Indices ?? [.. Enumerable.Range(0, count)];
        return Array.Find(indices, index => index >= count) is > 0 and var missing
            ? throw new ModelException($"devices {this}: there is no GPU {missing}; there are {count}, from cuda:0 on")
            : indices;
    }
}
