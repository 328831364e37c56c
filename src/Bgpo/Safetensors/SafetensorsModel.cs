using System.Text.Json;

namespace Bgpo.Safetensors;

/// <summary>
/// All tensors of a model folder, whether it holds one <c>model.safetensors</c> or several files named by
/// <c>model.safetensors.index.json</c>. Not thread-safe.
/// </summary>
public sealed class SafetensorsModel : IDisposable
{
    /// <summary>File name of a model in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>File name of the index of a model in several files.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly SortedDictionary<string, SafetensorsReader> _readerOf = new(StringComparer.Ordinal);
    private readonly List<SafetensorsReader> _readers = [];
    private readonly List<string> _faults = [];

    private SafetensorsModel(string label) => Label = label;

    /// <summary>The file that names the tensors: the single one, or the index.</summary>
    public string Label { get; }

    /// <summary>The files that hold them.</summary>
    public IReadOnlyList<string> Files => [.. _readers.Select(reader => reader.Label)];

    /// <summary>What the files are known by as long as none is written anew: the path of each, its length and its time.</summary>
    public string Stamp => string.Join('|', _readers.Select(reader => $"{Path.GetFullPath(reader.Label)} {reader.Stamp}"));

    /// <summary>
    /// Where index and files differ: tensors that a file lacks or has besides, and such that two files have. Empty when none do.
    /// </summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Names of all tensors, in ordinal order.</summary>
    public IReadOnlyCollection<string> Names => _readerOf.Keys;

    /// <summary>Opens a model folder. A single file is preferred to an index when both are there.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="SafetensorsException">Neither is there, the index is garbled, or a file it names is missing or
    /// broken.</exception>
    public static SafetensorsModel Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string single = Path.Combine(folder, SingleFile);
        string index = Path.Combine(folder, IndexFile);
        var model = new SafetensorsModel(File.Exists(single) ? single : index);
        try
        {
            if (File.Exists(single))
            {
                model.AddWhole(single);
            }
            else if (File.Exists(index))
            {
                model.AddIndex(folder, index);
            }
            else
            {
                throw new SafetensorsException(
                    $"{folder}: has neither {SingleFile} nor {IndexFile}; name a model folder with weights.");
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The open file that holds a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="SafetensorsException">There is no such tensor.</exception>
    public SafetensorsReader ReaderOf(string name) =>
        _readerOf.TryGetValue(name, out SafetensorsReader? reader)
            ? reader
            : throw new SafetensorsException(
                $"{_readers[0].Label}: the model has no tensor '{name}' among its {_readerOf.Count}.");

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsReader reader in _readers)
        {
            reader.Dispose();
        }
    }

    private SafetensorsReader OpenFile(string path)
    {
        SafetensorsReader reader = SafetensorsReader.Open(path);
        _readers.Add(reader);
        return reader;
    }

    private void AddWhole(string path)
    {
        SafetensorsReader reader = OpenFile(path);
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            _readerOf.Add(entry.Name, reader);
        }
    }

    private void AddIndex(string folder, string path)
    {
        var readers = new Dictionary<string, SafetensorsReader>(StringComparer.Ordinal);
        foreach ((string tensor, string file) in ReadWeightMap(path))
        {
            if (!readers.TryGetValue(file, out SafetensorsReader? reader))
            {
                reader = OpenFile(Path.Combine(folder, file));
                readers.Add(file, reader);
            }
            if (!reader.Contains(tensor))
            {
                _faults.Add($"says that '{tensor}' is in '{file}', but it is not there");
                continue;
            }

            if (!_readerOf.TryAdd(tensor, reader))
            {
                throw new SafetensorsException($"{path}: weight_map names '{tensor}' twice.");
            }
        }
        if (readers.Count == 0)
        {
            throw new SafetensorsException($"{path}: its weight_map is empty.");
        }

        foreach ((string file, SafetensorsReader reader) in readers)
        {
            foreach (string name in reader.Entries.Select(entry => entry.Name))
            {
                if (!_readerOf.TryGetValue(name, out SafetensorsReader? named))
                {
                    _faults.Add($"names no file for '{name}', which is in '{file}'");
                }
                else if (named != reader)
                {
                    _faults.Add($"'{name}' is in '{Path.GetFileName(named.Label)}' and in '{file}'");
                }
            }
        }
    }

    private static List<(string Tensor, string File)> ReadWeightMap(string path)
    {
        try
        {
            using JsonDocument index = JsonDocument.Parse(RegularFile.Read(path, SafetensorsHeader.LengthLimit));
            if (index.RootElement.ValueKind != JsonValueKind.Object
                || !index.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw new SafetensorsException($"{path}: has no object 'weight_map'.");
            }
            var pairs = new List<(string, string)>();
            foreach (JsonProperty property in map.EnumerateObject())
            {
                string? file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
                // Only files beside the index: an index from elsewhere must not make us read other paths.
                if (string.IsNullOrEmpty(file) || file is "." or ".." || file != Path.GetFileName(file))
                {
                    throw new SafetensorsException(
                        $"{path}: weight_map sends '{property.Name}' to {property.Value.GetRawText()}; expected a file name " +
                            "beside the index.");
                }
                pairs.Add((property.Name, file));
            }
            return pairs;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException(
                $"{path}: cannot be read as JSON: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }
}
