using System.CommandLine;
using System.Globalization;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Safetensors;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo model inspect</c>: what a model folder holds, and what is wrong with it.</summary>
internal static class ModelInspectCommand
{
    /// <summary>The adapters whose memory is told.</summary>
    private static readonly LoraConfig s_adapters = new(16, 32, LoraConfig.AllLinear);

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var folder = new Argument<string>("DIR") { Description = "the model folder" };
        var quick = Flags.Switch("--quick", "leave the weights' values unread: no SHA-256, no look for NaN");
        var json = Flags.Json("one JSON line on stdout");
        var command = new Command("inspect", "Says what a model folder holds, what it takes to train, and what is wrong with it.")
        {
            folder, quick, json,
        };
        command.SetAction((parsed, _) =>
        {
            var path = SpecFile.ModelFolder(parsed.GetValue(folder)!, "argument DIR", context.Paths);
            try
            {
                using var files = ModelFiles.Open(path);
                var hash = parsed.GetValue(quick) ? null : files.Sha256();
                if (parsed.GetValue(json))
                {
                    WriteJson(context, files, hash);
                }
                else
                {
                    Write(context, files, hash);
                }
            }
            catch (ModelException e)
            {
                throw new BadInputException(e.Message, e);
            }

            return Task.FromResult(ExitCode.Done);
        });
        return new CommandPart(command,
        [
            ("model inspect LLaDA-8B-Instruct", "reads every weight once: 16 GB take ten seconds or more"),
            ("model inspect models/sudoku-base --json", "for scripts"),
        ]);
    }

    private static void Write(ConsoleContext context, ModelFiles files, string? hash)
    {
        var output = context.Terminal.Out;
        var config = files.Config;
        var attention = config.AttentionBlock == 0 ? "full attention"
            : $"attention causal between blocks of {config.AttentionBlock}";
        var logits = config.ShiftsLogits ? "each output predicts the next place" : "each output predicts its own place";
        output.WriteLine($"family      {config.Family.Name}: {attention}, {logits}");
        output.WriteLine($"parameters  {Format.Count(files.Layout.Length)} in " +
            $"{Format.Many(files.Layout.Slices.Count, "tensor")}, "
            + $"{Format.Many(files.Shards.Count, "file")}, {Dtypes(files)}, {StoreCommands.Size(Bytes(files))}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"shape       width {config.Width}, {config.Layers} blocks, {config.Heads} heads of {config.HeadWidth} ({config.KeyValueHeads} for keys and values), "
            + $"MLP {config.Hidden}, {config.MaxSequenceLength} tokens at most"));
        output.WriteLine($"tokenizer   {Tokenizer(files)}");
        output.WriteLine($"template    {(files.Tokenizer is BpeTokenizer bpe ? bpe.Template.Name : "none")}");
        output.WriteLine($"memory      {Memory(files)}");
        if (config.UnknownFields.Count > 0)
        {
            output.WriteLine($"unknown     {string.Join(", ", config.UnknownFields)}: fields of config.json that are taken to " +
                "change nothing");
        }

        output.WriteLine($"weights     {(hash is null ? "not read (--quick)" : $"all finite, sha256 {hash}")}");
    }

    private static void WriteJson(ConsoleContext context, ModelFiles files, string? hash)
    {
        var config = files.Config;
        context.Terminal.Out.WriteLine(JsonLines.Line(new
        {
            Model = files.Folder,
            Family = config.Family.Name,
            Parameters = files.Layout.Length,
            Tensors = files.Layout.Slices.Count,
            Files = files.Shards.Count,
            Dtype = Dtypes(files),
            Bytes = Bytes(files),
            config.Width,
            Blocks = config.Layers,
            config.Heads,
            config.KeyValueHeads,
            config.HeadWidth,
            config.Hidden,
            Vocabulary = config.EmbeddingRows,
            config.MaxSequenceLength,
            config.AttentionBlock,
            config.ShiftsLogits,
            files.Tokenizer.MaskToken,
            files.Tokenizer.EndTokens,
            Template = (files.Tokenizer as BpeTokenizer)?.Template.Name,
            config.UnknownFields,
            WeightsSha256 = hash,
        }));
    }

    private static long Bytes(ModelFiles files) => files.Layout.Slices.Sum(slice => files.EntryOf(slice.Name).ByteLength);

    private static string Dtypes(ModelFiles files) =>
        string.Join(" and ", files.Layout.Slices.Select(slice => files.EntryOf(slice.Name).Dtype.Name()).Distinct());

    private static string Tokenizer(ModelFiles files)
    {
        var tokenizer = files.Tokenizer;
        var ends = string.Join(", ", tokenizer.EndTokens.Select(token => Shown(tokenizer, token)));
        var kind = tokenizer is BpeTokenizer ? "Hugging Face's kind" : "one token a character";
        return $"{kind}, {Format.Many(tokenizer.Vocabulary, "token")} for {Format.Many(files.Config.EmbeddingRows, "row")}; "
            + $"mask {Shown(tokenizer, tokenizer.MaskToken)}; end {ends}";
    }

    private static string Shown(ITokenizer tokenizer, int token) =>
        tokenizer is BpeTokenizer bpe ? $"{token} {bpe.NameOf(token)}" : $"{token}";

    /// <summary>
    /// Weights as they are kept, adapters with gradient and sum on each device; all weights as float32 with gradients.
    /// </summary>
    private static string Memory(ModelFiles files)
    {
        long weights = Bytes(files);
        long adapters = s_adapters.LayoutFor(files.Config).Length;
        var recompute = Dtypes(files) == "F32" ? "" : ", units.recompute: true";
        return $"{StoreCommands.Size(weights)} to generate; {StoreCommands.Size(weights + (8 * adapters))} a device to train " +
            $"adapters of rank {s_adapters.Rank} "
            + $"({Format.Many(adapters, "parameter")}{recompute}), {StoreCommands.Size(8 * files.Layout.Length)} to train all " +
                "weights; activations apart";
    }
}
