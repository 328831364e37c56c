using System.Runtime.InteropServices;
using Bgpo.Model.Files;
using Bgpo.Safetensors;

namespace Bgpo.Model.Adapters;

/// <summary>Writes a model with its adapters merged in: the same files, names and types as the model's own.</summary>
public static class MergedModel
{
    private const int ChunkBytes = 16 << 20;

    /// <summary>Kinds of files that go with a model and hold no weights.</summary>
    private static readonly HashSet<string> s_companions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".json", ".txt", ".jinja", ".md", ".py", ".model",
    };

    /// <summary>Writes the folder, a tensor in memory at a time.</summary>
    /// <param name="files">The model.</param>
    /// <param name="adapter">Its adapters.</param>
    /// <param name="folder">Where to; made when missing.</param>
    public static void Write(ModelFiles files, AdapterFolder adapter, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(files.Folder).Where(file => IsCompanion(Path.GetFileName(file), files)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
        foreach (string shard in files.Shards)
        {
            using SafetensorsReader reader = SafetensorsReader.Open(shard);
            SafetensorsWriter.WriteFile(
                Path.Combine(folder, Path.GetFileName(shard)),
                reader.Entries.Select(
                    entry => new SafetensorsTensor(
                        entry.Name, entry.Dtype, entry.Shape, stream => Write(stream, reader, files, entry, adapter))),
                reader.Metadata);
        }
    }

    /// <summary>
    /// Whether a file goes with the merged model: not weights in another format, which are not merged, nor an index of files that
    /// are not written, nor adapters' own settings.
    /// </summary>
    private static bool IsCompanion(string name, ModelFiles files) => name switch
    {
        "LICENSE" or "NOTICE" => true,
        SafetensorsModel.IndexFile => files.IsIndexed,
        AdapterFolder.ConfigFile => false,
        _ => s_companions.Contains(Path.GetExtension(name)) && !name.EndsWith(".index.json", StringComparison.Ordinal),
    };

    private static void Write(
        Stream stream, SafetensorsReader reader, ModelFiles files, SafetensorsEntry entry, AdapterFolder adapter)
    {
        if (files.Layout.Has(entry.Name))
        {
            ParameterSlice slice = files.Layout[entry.Name];
            if (LoraMerge.HasAdapter(slice, adapter.Layout))
            {
                var values = new float[slice.Length];
                files.ReadSingles(entry.Name, values);
                LoraMerge.Into(values, slice, adapter.Lora, adapter.Layout, adapter.Vector);
                stream.Write(Narrow(values, entry.Dtype));
                return;
            }
        }
        byte[] buffer = new byte[Math.Min(ChunkBytes, entry.ByteLength)];
        for (long offset = 0; offset < entry.ByteLength; offset += buffer.Length)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.ByteLength - offset));
            reader.ReadRange(entry.Name, offset, chunk);
            stream.Write(chunk);
        }
    }

    /// <summary>float32 values in a narrower type, rounded to the nearest, ties to even.</summary>
    private static byte[] Narrow(float[] values, SafetensorsDtype dtype)
    {
        byte[] bytes = new byte[values.Length * dtype.Size()];
        switch (dtype)
        {
            case SafetensorsDtype.F32:
                MemoryMarshal.AsBytes<float>(values).CopyTo(bytes);
                break;
            case SafetensorsDtype.F16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }
                break;
            default:
                Span<ushort> shorts = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
                for (int i = 0; i < values.Length; i++)
                {
                    uint bits = BitConverter.SingleToUInt32Bits(values[i]);
                    shorts[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                }
                break;
        }
        return bytes;
    }
}
