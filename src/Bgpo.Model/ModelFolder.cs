using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Safetensors;

namespace Bgpo.Model;

/// <summary>
/// A model as a folder in Hugging Face's manner: config.json, tokenizer.json, model.safetensors (or several with an index) with
/// its family's tensor names, all of it in memory as float32.
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
    private const int LongestText = 1 << 28;

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">Its path.</param>
    /// <exception cref="ModelException">The folder or a file is missing or bad; the message names file and tensor.</exception>
    public static ModelFolder Load(string folder)
    {
        using var files = ModelFiles.Open(folder);
        if (files.Layout.Length > Array.MaxLength)
        {
            throw new ModelException(
                $"{folder}: has {files.Layout.Length} parameters; all of at most {Array.MaxLength} can be trained: use " +
                    "adapters (model.train: lora).");
        }
        var flat = new float[files.Layout.Length];
        foreach (ParameterSlice slice in files.Layout.Slices)
        {
            files.ReadSingles(slice.Name, flat.AsSpan((int)slice.Offset, (int)slice.Length));
        }
        return new ModelFolder(files.Config, files.Tokenizer, flat);
    }

    /// <summary>Writes a model folder. An existing model there is replaced file by file.</summary>
    /// <param name="folder">Its path; made when missing.</param>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ConfigFile), Config.ToJson());
        Tokenizer.Save(folder);
        var layout = new ParameterLayout(Config);
        SafetensorsWriter.WriteFile(
            Path.Combine(folder, SafetensorsModel.SingleFile),
            layout.Slices.Select(slice => SafetensorsTensor.FromSingles(
                slice.Name, slice.Shape, Parameters.AsMemory((int)slice.Offset, (int)slice.Length))),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>
    /// Reads what a run's manifest says of its tokenizer: a tokenizer.json of ours, or where one of Hugging Face's kind is.
    /// </summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModelException">It is not a tokenizer that this project knows.</exception>
    public static ITokenizer ParseTokenizer(string json, string file) =>
        BpeTokenizer.IsReference(json) ? BpeTokenizer.FromReference(json, file) : CharacterTokenizer.Parse(json, file);

    /// <summary>Reads what a checkpoint's manifest says of its model.</summary>
    /// <param name="config">Text of config.json.</param>
    /// <param name="tokenizer">Text of the tokenizer, see <see cref="ParseTokenizer"/>.</param>
    /// <param name="run">The run, for errors.</param>
    /// <exception cref="ModelException">It is not a model that this project knows.</exception>
    public static (ModelConfig Config, ITokenizer Tokenizer) ParseTexts(string config, string tokenizer, string run)
    {
        var parsed = ModelConfig.Parse(config, $"model configuration of {run}");
        ITokenizer tokens = ParseTokenizer(tokenizer, $"tokenizer of {run}");
        return (parsed.MaskToken == ModelConfig.NoToken ? parsed.WithMaskToken(tokens.MaskToken) : parsed, tokens);
    }

    /// <summary>Reads and checks a folder's config.json and tokenizer.json.</summary>
    /// <param name="folder">Its path.</param>
    internal static (ModelConfig Config, ITokenizer Tokenizer) ReadTexts(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ModelException($"there is no model folder '{folder}'.");
        }
        var config = ModelConfig.Parse(ReadText(folder, ConfigFile), Path.Combine(folder, ConfigFile));
        string path = Path.Combine(folder, TokenizerFile);
        string json = ReadText(folder, TokenizerFile);
        ITokenizer tokenizer;
        if (BpeTokenizer.IsHuggingFaces(json))
        {
            string settings = Path.Combine(folder, BpeTokenizer.SettingsFile);
            BpeTokenizer bpe = BpeTokenizer.Read(
                path, json, File.Exists(settings) ? ReadText(folder, BpeTokenizer.SettingsFile) : null, config);
            config = config.MaskToken == ModelConfig.NoToken ? config.WithMaskToken(bpe.MaskToken) : config;
            tokenizer = bpe;
        }
        else
        {
            tokenizer = CharacterTokenizer.Parse(json, path);
        }
        return tokenizer.Vocabulary <= config.EmbeddingRows && tokenizer.MaskToken == config.MaskToken
            && tokenizer.EndToken == config.EndToken
            ? (config, tokenizer)
            : throw new ModelException(
                $"{path}: {tokenizer.Vocabulary} tokens, mask {tokenizer.MaskToken}, end {tokenizer.EndToken} do not fit "
                + $"{ConfigFile}: {config.EmbeddingRows} rows, mask {config.MaskToken}, end {config.EndToken}.");
    }

    /// <summary>Whether a folder's tokenizer is of Hugging Face's kind.</summary>
    /// <param name="folder">Its path.</param>
    /// <exception cref="ModelException">The tokenizer cannot be read.</exception>
    public static bool HasHuggingFacesTokenizer(string folder) => BpeTokenizer.IsHuggingFaces(ReadText(folder, TokenizerFile));

    /// <summary>A file's text, by its byte order mark or as UTF-8.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="IOException">It is missing, too long, or no regular file.</exception>
    internal static string TextOf(string path)
    {
        using var reader = new StreamReader(new MemoryStream(RegularFile.Read(path, LongestText)));
        return reader.ReadToEnd();
    }

    internal static string ReadText(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        try
        {
            return TextOf(path);
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
}
