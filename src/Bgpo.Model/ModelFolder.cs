using Bgpo.Model.Tokenizers;
using Bgpo.Safetensors;

namespace Bgpo.Model;

/// <summary>
/// A model as a folder in Hugging Face's manner: config.json, tokenizer.json, model.safetensors (or several with an index) with
/// LLaDA's tensor names.
/// </summary>
/// <param name="Config">Shape of the network.</param>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Parameters">All parameters, flat, in <see cref="ParameterLayout"/>'s order.</param>
public sealed record ModelFolder(ModelConfig Config, ITokenizer Tokenizer, float[] Parameters)
{
    /// <summary>Name of the configuration file.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Name of the tokenizer file.</summary>
    public const string TokenizerFile = "tokenizer.json";

    /// <summary>The largest text file, in bytes: tokenizers of real models have up to 20 MiB.</summary>
    private const long LongestText = 1 << 28;

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">Its path.</param>
    /// <exception cref="ModelException">The folder or a file is missing or bad; the message names file and tensor.</exception>
    public static ModelFolder Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ModelException($"there is no model folder '{folder}'.");
        }
        var config = ModelConfig.Parse(ReadText(folder, ConfigFile), Path.Combine(folder, ConfigFile));
        string tokenizerPath = Path.Combine(folder, TokenizerFile);
        ITokenizer tokenizer = ParseTokenizer(ReadText(folder, TokenizerFile), tokenizerPath);
        if (tokenizer.Vocabulary > config.EmbeddingRows || tokenizer.MaskToken != config.MaskToken
            || tokenizer.EndToken != config.EndToken)
        {
            throw new ModelException(
                $"{tokenizerPath}: {tokenizer.Vocabulary} tokens, mask {tokenizer.MaskToken}, end {tokenizer.EndToken} do not fit "
                + $"{ConfigFile}: {config.EmbeddingRows} rows, mask {config.MaskToken}, end {config.EndToken}.");
        }
        try
        {
            using var model = SafetensorsModel.Open(folder);
            return new ModelFolder(config, tokenizer, ReadParameters(model, new ParameterLayout(config)));
        }
        catch (SafetensorsException e)
        {
            throw new ModelException(e.Message, e);
        }
    }

    /// <summary>Writes a model folder. An existing model there is replaced file by file.</summary>
    /// <param name="folder">Its path; made when missing.</param>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ConfigFile), Config.ToJson());
        File.WriteAllText(Path.Combine(folder, TokenizerFile), Tokenizer.ToJson());
        var layout = new ParameterLayout(Config);
        SafetensorsWriter.WriteFile(
            Path.Combine(folder, SafetensorsModel.SingleFile),
            layout.Slices.Select(slice => SafetensorsTensor.FromSingles(
                slice.Name, slice.Shape, Parameters.AsMemory((int)slice.Offset, (int)slice.Length))),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Reads a tokenizer.json.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModelException">It is not a tokenizer that this project knows.</exception>
    public static ITokenizer ParseTokenizer(string json, string file) => CharacterTokenizer.Parse(json, file);

    private static string ReadText(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        try
        {
            long length = new FileInfo(path).Length;
            return length <= LongestText
                ? File.ReadAllText(path)
                : throw new ModelException($"{path} has {length} bytes; expected at most {LongestText}.");
        }
        catch (FileNotFoundException e)
        {
            throw new ModelException($"the model folder '{folder}' has no {name}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path} cannot be read: {e.Message}", e);
        }
    }

    private static float[] ReadParameters(SafetensorsModel model, ParameterLayout layout)
    {
        // Every name and shape before any memory: a configuration of a huge network beside a small file names the tensor.
        foreach (ParameterSlice slice in layout.Slices)
        {
            SafetensorsReader reader = model.ReaderOf(slice.Name);
            SafetensorsEntry entry = reader.Entry(slice.Name);
            if (!entry.Shape.SequenceEqual(slice.Shape))
            {
                throw new ModelException(
                    $"{reader.Label}: tensor '{slice.Name}' has shape [{string.Join(", ", entry.Shape)}]; "
                    + $"{ConfigFile} makes it [{string.Join(", ", slice.Shape)}].");
            }
        }
        if (model.Names.FirstOrDefault(name => layout.Slices.All(slice => slice.Name != name)) is { } unknown)
        {
            throw new ModelException(
                $"{model.ReaderOf(unknown).Label}: has a tensor '{unknown}' that {ConfigFile} does not call for.");
        }
        var flat = new float[layout.Length];
        foreach (ParameterSlice slice in layout.Slices)
        {
            SafetensorsReader reader = model.ReaderOf(slice.Name);
            float[] values = reader.ReadSingles(slice.Name);
            RequireFinite(values, $"{reader.Label}: tensor '{slice.Name}'");
            values.CopyTo(flat, slice.Offset);
        }
        return flat;
    }

    /// <summary>Refuses weights that are no numbers: every answer that they make is nonsense, and nobody is told.</summary>
    private static void RequireFinite(ReadOnlySpan<float> values, string what)
    {
        int at = NonFinite.IndexIn(values);
        if (at >= 0)
        {
            throw new ModelException(
                $"{what} holds {NonFinite.Name(values[at])} at element {at}; every weight must be a finite number: take another copy of the model.");
        }
    }
}
