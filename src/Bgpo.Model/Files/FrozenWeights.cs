using Bgpo.Model.Families;
using Bgpo.Safetensors;
using static TorchSharp.torch;

namespace Bgpo.Model.Files;

/// <summary>
/// A model's weights on a device, in the type of their files or another, read tensor by tensor. They never change, so all
/// networks of a process may share them. Projections that share their input are one tensor.
/// </summary>
public sealed class FrozenWeights : IDisposable
{
    /// <summary>Bytes that are read at once.</summary>
    private const int ChunkBytes = 32 << 20;

    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    private FrozenWeights(ModelConfig config, Device device)
    {
        Config = config;
        Device = device;
    }

    /// <summary>Shape of the network.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where they lie.</summary>
    public Device Device { get; }

    /// <summary>SHA-256 of the weights, see <see cref="ModelFiles.Sha256"/>.</summary>
    public string Sha256 { get; private set; } = "";

    /// <summary>Bytes that they take.</summary>
    public long Bytes => _tensors.Values.Sum(tensor => tensor.numel() * tensor.element_size());

    /// <summary>Reads a model's weights.</summary>
    /// <param name="files">The model's files, checked.</param>
    /// <param name="device">Where to; null: CPU.</param>
    /// <param name="type">What to keep them in; null: as in the files.</param>
    /// <exception cref="ModelException">A weight is no finite number, or a file was cut.</exception>
    public static FrozenWeights Load(ModelFiles files, Device? device = null, ScalarType? type = null)
    {
        var weights = new FrozenWeights(files.Config, device ?? CPU);
        try
        {
            using IDisposable noGradient = no_grad();
            var digests = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string[] group in Groups(files.Config, files.Layout))
            {
                weights.Read(files, group, type, digests);
            }
            weights.Sha256 = files.Combine(digests);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }

    /// <summary>A tensor, or those that are one, by the first's name.</summary>
    internal Tensor Take(string first, long[] shape)
    {
        Tensor tensor = _tensors[first];
        return tensor.shape.SequenceEqual(shape)
            ? tensor
            : throw new ArgumentException(
                $"'{first}' has shape [{string.Join(", ", tensor.shape)}]; [{string.Join(", ", shape)}] was asked for.");
    }

    /// <summary>Names of tensors that the network uses as one, in order; most stand alone.</summary>
    private static IEnumerable<string[]> Groups(ModelConfig config, ParameterLayout layout)
    {
        TensorNames names = config.Family.Names;
        string[][] shared = [[names.Query, names.Key, names.Value], [names.Gate, names.Up]];
        var grouped = new HashSet<string>(StringComparer.Ordinal);
        foreach (ParameterSlice slice in layout.Slices)
        {
            if (grouped.Contains(slice.Name))
            {
                continue;
            }
            string[] group = shared
                .SelectMany(list => new[] { ".weight", ".bias" }.Select(ending => (list, ending)))
                .Where(pair => slice.Name.EndsWith('.' + pair.list[0] + pair.ending, StringComparison.Ordinal))
                .Select(pair => pair.list.Select(
                    name => slice.Name[..^(pair.list[0].Length + pair.ending.Length)] + name + pair.ending).ToArray())
                .FirstOrDefault([slice.Name]);
            grouped.UnionWith(group);
            yield return group;
        }
    }

    private void Read(ModelFiles files, string[] group, ScalarType? type, Dictionary<string, string> digests)
    {
        ParameterSlice[] slices = [.. group.Select(name => files.Layout[name])];
        ScalarType kept = type ?? TypeOf(files.EntryOf(group[0]).Dtype);
        long rows = slices.Sum(slice => slice.Shape[0]);
        Tensor whole = empty([rows, .. slices[0].Shape[1..]], dtype: kept, device: Device).DetachFromDisposeScope();
        _tensors.Add(group[0], whole);
        long at = 0;
        foreach (ParameterSlice slice in slices)
        {
            using IDisposable scope = NewDisposeScope();
            Fill(files, slice, whole.view(-1).narrow(0, at, slice.Length), digests);
            at += slice.Length;
        }
    }

    private static void Fill(ModelFiles files, ParameterSlice slice, Tensor into, Dictionary<string, string> digests)
    {
        ScalarType stored = TypeOf(files.EntryOf(slice.Name).Dtype);
        int size = files.EntryOf(slice.Name).Dtype.Size();
        bool isDirect = stored == into.dtype && into.device_type == TorchSharp.DeviceType.CPU;
        digests[slice.Name] = files.Read(slice.Name, ChunkBytes, (long offset, int count, ModelFiles.Reader read) =>
        {
            using IDisposable scope = NewDisposeScope();
            Tensor target = into.narrow(0, offset / size, count / size);
            if (isDirect)
            {
                read(target.bytes);
                return;
            }
            Tensor chunk = empty(count / size, dtype: stored);
            read(chunk.bytes);
            _ = target.copy_(chunk);
        });
    }

    private static ScalarType TypeOf(SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F32 => ScalarType.Float32,
        SafetensorsDtype.BF16 => ScalarType.BFloat16,
        SafetensorsDtype.F16 => ScalarType.Float16,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "weights are F32, F16 or BF16."),
    };
}
