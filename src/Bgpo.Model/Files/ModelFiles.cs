using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Bgpo.Model.Tokenizers;
using Bgpo.Safetensors;

namespace Bgpo.Model.Files;

/// <summary>
/// A model folder in Hugging Face's manner, opened and checked: config.json, tokenizer.json, and the headers of its safetensors.
/// No weight is read before it is asked for. Not thread-safe.
/// </summary>
public sealed class ModelFiles : IDisposable
{
    /// <summary>Faults that a message lists; how many more there are is said.</summary>
    private const int FaultsListed = 6;

    private static readonly ConcurrentDictionary<string, Lazy<string>> s_hashes = new(StringComparer.Ordinal);

    private readonly SafetensorsModel _tensors;

    private ModelFiles(string folder, ModelConfig config, ITokenizer tokenizer, SafetensorsModel tensors)
    {
        Folder = folder;
        Config = config;
        Tokenizer = tokenizer;
        Layout = new ParameterLayout(config);
        _tensors = tensors;
    }

    /// <summary>Reads a chunk into memory as large as it.</summary>
    /// <param name="into">The memory.</param>
    public delegate void Reader(Span<byte> into);

    /// <summary>Takes a chunk of a tensor.</summary>
    /// <param name="offset">Its first byte in the tensor.</param>
    /// <param name="count">Its bytes.</param>
    /// <param name="read">Reads it; to be called once.</param>
    public delegate void ChunkTaker(long offset, int count, Reader read);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Shape of the network.</summary>
    public ModelConfig Config { get; }

    /// <summary>Text to tokens.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The network's tensors, all of which are in the files.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Files with weights.</summary>
    public IReadOnlyList<string> Shards => _tensors.Files;

    /// <summary>Whether an index names the files.</summary>
    internal bool IsIndexed => Path.GetFileName(_tensors.Label) == SafetensorsModel.IndexFile;

    /// <summary>Opens a model folder and checks everything but the weights' values.</summary>
    /// <param name="folder">Its path.</param>
    /// <exception cref="ModelException">Something is missing or does not fit; the message is one line and lists all tensors that
    /// do not.</exception>
    public static ModelFiles Open(string folder)
    {
        (ModelConfig config, ITokenizer tokenizer) = ModelFolder.ReadTexts(folder);
        SafetensorsModel? tensors = null;
        try
        {
            tensors = SafetensorsModel.Open(folder);
            var files = new ModelFiles(folder, config, tokenizer, tensors);
            files.Check();
            return files;
        }
        catch (Exception e) when (e is SafetensorsException or ModelException)
        {
            tensors?.Dispose();
            throw e as ModelException ?? new ModelException(e.Message, e);
        }
    }

    /// <summary>Refuses a folder whose config.json makes another network than the one that was trained.</summary>
    /// <param name="trained">The network that was trained.</param>
    /// <param name="run">Whose it is, for the message.</param>
    /// <exception cref="ModelException">It makes another; the message names the first field that differs.</exception>
    public void CheckConfig(ModelConfig trained, string run)
    {
        if (trained.DifferenceTo(Config) is { } difference)
        {
            throw new ModelException(
                $"{Path.Combine(Folder, ModelFolder.ConfigFile)}: {difference} in {run}: put the former file back.");
        }
    }

    /// <summary>Where a tensor lies.</summary>
    /// <param name="name">Its name.</param>
    public SafetensorsEntry EntryOf(string name) => _tensors.ReaderOf(name).Entry(name);

    /// <summary>The file that a tensor is in.</summary>
    /// <param name="name">Its name.</param>
    public string FileOf(string name) => _tensors.ReaderOf(name).Label;

    /// <summary>Reads a tensor a chunk at a time, refuses values that are no finite numbers, and digests it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="chunkBytes">Bytes of a chunk.</param>
    /// <param name="take">Takes each.</param>
    /// <returns>SHA-256 of its bytes, lower-case hex.</returns>
    /// <exception cref="ModelException">A value is NaN or infinite, or the file was cut.</exception>
    public string Read(string name, int chunkBytes, ChunkTaker take)
    {
        SafetensorsReader reader = _tensors.ReaderOf(name);
        SafetensorsEntry entry = reader.Entry(name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            for (long offset = 0; offset < entry.ByteLength; offset += chunkBytes)
            {
                long from = offset;
                take(from, (int)Math.Min(chunkBytes, entry.ByteLength - from), into =>
                {
                    reader.ReadRange(name, from, into);
                    hash.AppendData(into);
                    int at = HalfPrecision.NonFiniteIn(into, entry.Dtype);
                    if (at >= 0)
                    {
                        throw new ModelException(
                            $"{reader.Label}: tensor '{name}' holds {HalfPrecision.NameAt(into, entry.Dtype, at)} at element " +
                                $"{(from / entry.Dtype.Size()) + at}; "
                            + "every weight must be a finite number: take another copy of the model.");
                    }
                });
            }
        }
        catch (SafetensorsException e)
        {
            throw new ModelException(e.Message, e);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads a tensor as float32, whatever it is kept in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="into">As long as the tensor.</param>
    /// <exception cref="ModelException">A value is NaN or infinite, or the file was cut.</exception>
    public void ReadSingles(string name, Span<float> into)
    {
        SafetensorsEntry entry = EntryOf(name);
        var values = new float[into.Length];
        byte[] buffer = new byte[(int)Math.Min(entry.ByteLength, 16 << 20)];
        Read(name, buffer.Length, (offset, count, read) =>
        {
            Span<byte> chunk = buffer.AsSpan(0, count);
            read(chunk);
            HalfPrecision.Widen(chunk, entry.Dtype, values.AsSpan((int)(offset / entry.Dtype.Size())));
        });
        values.CopyTo(into);
    }

    /// <summary>
    /// SHA-256 of the weights, the same however they are spread over files: over a line for each tensor, in order of names, of
    /// its name, type, shape and its bytes' SHA-256. Reads everything.
    /// </summary>
    /// <exception cref="ModelException">A value is NaN or infinite, or a file was cut.</exception>
    public string Sha256()
    {
        byte[] buffer = new byte[16 << 20];
        return Combine(Layout.Slices.ToDictionary(
            slice => slice.Name, slice => Read(slice.Name, buffer.Length, (_, count, read) => read(buffer.AsSpan(0, count)))));
    }

    /// <summary>As <see cref="Sha256"/>, read once a process as long as the files' lengths and times stay the same.</summary>
    /// <exception cref="ModelException">A value is NaN or infinite, or a file was cut.</exception>
    public string RememberedSha256() => s_hashes.GetOrMake(_tensors.Stamp, Sha256);

    /// <inheritdoc/>
    public void Dispose() => _tensors.Dispose();

    /// <summary>The weights' SHA-256 from those of the tensors.</summary>
    internal string Combine(IReadOnlyDictionary<string, string> digests)
    {
        var text = new StringBuilder();
        foreach ((string name, string digest) in digests.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            SafetensorsEntry entry = EntryOf(name);
            text.Append(name).Append(' ').Append(entry.Dtype.Name()).Append(' ').AppendJoin(',', entry.Shape).Append(' ')
                .Append(digest).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Every name, shape and type before any memory: all that does not fit is listed together.</summary>
    private void Check()
    {
        List<string> faults = [.. _tensors.Faults];
        var there = _tensors.Names.ToHashSet(StringComparer.Ordinal);
        foreach (ParameterSlice slice in Layout.Slices)
        {
            if (!there.Contains(slice.Name))
            {
                faults.Add($"there is no tensor '{slice.Name}'");
                continue;
            }
            SafetensorsEntry entry = EntryOf(slice.Name);
            if (!entry.Shape.SequenceEqual(slice.Shape))
            {
                faults.Add(
                    $"tensor '{slice.Name}' has shape [{string.Join(", ", entry.Shape)}]; {ModelFolder.ConfigFile} makes it " +
                        $"[{string.Join(", ", slice.Shape)}]");
            }
            if (entry.Dtype is not (SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16))
            {
                faults.Add($"tensor '{slice.Name}' is {entry.Dtype.Name()}; expected F32, F16 or BF16");
            }
        }
        faults.AddRange(there.Where(name => !Layout.Has(name) && !IsTiedHead(name)).Order(StringComparer.Ordinal)
            .Select(name => $"has a tensor '{name}' that {ModelFolder.ConfigFile} does not call for"));
        if (faults.Count > 0)
        {
            string more = faults.Count > FaultsListed ? $"; and {faults.Count - FaultsListed} more" : "";
            throw new ModelException($"{_tensors.Label}: {string.Join("; ", faults.Take(FaultsListed))}{more}.");
        }
    }

    /// <summary>Files of a model whose head is its embedding may hold it twice.</summary>
    private bool IsTiedHead(string name) => Config.IsHeadTied && name == Config.Family.Names.Head;
}
