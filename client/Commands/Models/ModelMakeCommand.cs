using System.CommandLine;
using System.Globalization;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Hosting;
using Bgpo.Model;
using Bgpo.Model.Families;
using Bgpo.Model.Files;
using Bgpo.Safetensors;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo model make</c>: a random checkpoint in a family's exact format.</summary>
internal static class ModelMakeCommand
{
    private static readonly Dictionary<string, SafetensorsDtype> s_dtypes = new()
    {
        ["bfloat16"] = SafetensorsDtype.BF16,
        ["float16"] = SafetensorsDtype.F16,
        ["float32"] = SafetensorsDtype.F32,
    };

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var like = Flags.Word("--like", "the published model whose format it has", [.. KnownModels.ByName.Keys]);
        var scale = Flags.Text("--scale", "N", "about how many parameters, for example 60M or 1.5B; default: the model's own");
        var output = Flags.Text("--out", "DIR", "the folder to make; must be new or empty");
        var dtype = Flags.Word("--dtype", "type of the weights; default: bfloat16", [.. s_dtypes.Keys]);
        var tokenizer = Flags.Text(
            "--tokenizer", "FILE", "a tokenizer.json to take; default: one of single bytes and the model's special tokens");
        var seed = Flags.Whole("--seed", "N", "seed of the weights; default: 1", 0, int.MaxValue);
        like.Required = output.Required = true;
        var command = new Command("make", "Makes a random checkpoint in a family's exact format, for trials and tests.")
        {
            like, scale, output, dtype, tokenizer, seed,
        };
        command.SetAction((parsed, _) =>
        {
            var config = KnownModels.ByName[parsed.GetValue(like)!];
            var folder = StoreCommands.NewFolder(context, parsed.GetValue(output)!);
            var taken = parsed.GetValue(tokenizer) is { } file
                ? context.Paths.Find(file) ?? throw new BadInputException($"option --tokenizer: value '{file}': no such file")
                : null;
            try
            {
                config = parsed.GetValue(scale) is { } text ? KnownModels.Scaled(config, Parameters(text)) : config;
                var kept = s_dtypes[parsed.GetValue(dtype) ?? "bfloat16"];
                Write(config, folder, (ulong)(parsed.GetValue(seed) ?? 1), kept, taken, context.Interrupts.Token);
                var parameters = new ParameterLayout(config).Length;
                context.Terminal.Out.WriteLine(
                    $"{context.Paths.Shown(folder)}: {config.Family.Name}, {Format.Many(parameters, "parameter")}, " +
                        $"{StoreCommands.Size(parameters * kept.Size())}");
            }
            catch (ModelException e)
            {
                throw new BadInputException(e.Message, e);
            }

            return Task.FromResult(ExitCode.Done);
        });
        return new CommandPart(command,
        [
            ("model make --like llada-8b --scale 60M --out models/tiny-llada",
                "60 million random parameters; the vocabulary stays whole"),
            ("model make --like dream-7b --scale 80M --out models/tiny-dream --tokenizer Dream/tokenizer.json",
                "with a real tokenizer"),
        ]);
    }

    /// <summary>Writes the folder whole or not at all, and reads it back.</summary>
    private static void Write(
        ModelConfig config, string folder, ulong seed, SafetensorsDtype dtype, string? tokenizer,
        CancellationToken cancellationToken)
    {
        var partial = folder.TrimEnd(Path.DirectorySeparatorChar) + $".{Environment.ProcessId}.partial";
        try
        {
            RandomModel.Write(config, partial, seed, dtype, tokenizer, cancellationToken);
            using (ModelFiles.Open(partial))
            {
                // It opens: a tokenizer that does not fit is refused here.
            }

            if (Directory.Exists(folder))
            {
                Directory.Delete(folder); // it is empty
            }

            Directory.Move(partial, folder);
        }
        finally
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }
        }
    }

    /// <summary>A number of parameters: 60M, 1.5B.</summary>
    internal static long Parameters(string text)
    {
        var unit = text.Length > 0 ? char.ToUpperInvariant(text[^1]) switch { 'K' => 1e3, 'M' => 1e6, 'B' => 1e9, _ => 0.0 } : 0;
        return double.TryParse(unit > 0 ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number * Math.Max(unit, 1) is >= 1 and <= 1e12
            ? (long)(number * Math.Max(unit, 1))
            : throw new BadInputException($"option --scale: value '{text}': a number of parameters, for example 60M or 1.5B");
    }
}
