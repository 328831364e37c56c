using System.CommandLine;
using Bgpo.Bench.Models;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Models;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Model;
using Bgpo.Model.Families;
using Bgpo.Model.Files;
using Bgpo.Safetensors;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench model</c>: what a published model's full shape takes to load, decode and train.</summary>
internal static class BenchModelCommand
{
    private const int DefaultRank = 128;

    /// <summary>What a measurement takes beside the weights: the runtime, a block cast to float32, logits, adapters.</summary>
    private const double Besides = 1.3;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var like = Flags.Word("--like", "the published model whose shape it has", [.. KnownModels.ByName.Keys]);
        var scale = Flags.Text("--scale", "N", "about how many parameters, for example 1.5B; default: the model's own");
        var rank = Flags.Whole("--rank", "N", $"rank of the adapters; default: {DefaultRank}", 1, 4096);
        var samples = Flags.WholeNumbers("--samples", "N,N", "n_t of the gradient units; default: 1,8", 1, 1024);
        var folder = Flags.Text("--folder", "DIR", "where to write the model; default: .bgpo");
        var json = Flags.Json("the result as one JSON line");
        like.Required = true;
        var command = new Command(
            "model", "Makes a model of random weights, loads it, decodes a block, and computes gradient units of adapters.")
        {
            like, scale, rank, samples, folder, json,
        };
        command.SetAction((parsed, _) =>
        {
            var config = KnownModels.ByName[parsed.GetValue(like)!];
            config = parsed.GetValue(scale) is { } text ? KnownModels.Scaled(config, ModelMakeCommand.Parameters(text)) : config;
            var path = Path.Combine(
                context.Paths.Full(parsed.GetValue(folder) ?? ".bgpo"), $"bench-model-{Environment.ProcessId}");
            var bytes = 2 * new ParameterLayout(config).Length;
            var output = context.Terminal.Out;
            if (Lacking(path, bytes) is { } lacking)
            {
                output.WriteLine($"skipped: {lacking}");
                return Task.FromResult(ExitCode.Done);
            }

            try
            {
                RandomModel.Write(config, path, 1, SafetensorsDtype.BF16, null, context.Interrupts.Token);
                var bench = new ModelBench(path, parsed.GetValue(rank) ?? DefaultRank);
                Measure(output, bench, parsed.GetValue(like)!, bytes, parsed.GetValue(samples).Or(1, 8), parsed.GetValue(json));
            }
            finally
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }
            }

            return Task.FromResult(ExitCode.Done);
        });
        return new CommandPart(command,
        [
            ("bench model --like llada-8b", "16 GB on the disk and 21 GB of memory; skipped where they lack"),
            ("bench model --like llada-8b --scale 1.5B --samples 1,8", "a smaller one of the same proportions"),
        ]);
    }

    private static void Measure(TextWriter output, ModelBench bench, string like, long bytes, int[] samples, bool asJson)
    {
        List<ModelMeasured> rows = [];
        var weights = bytes / 1048576.0;
        if (!asJson)
        {
            output.WriteLine($"{Format.Many(bytes / 2, "parameter")}, weights {weights:0} MiB");
            output.WriteLine($"{"what",-32}{"s",10}{"peak MiB",12}{"over weights",14}");
        }

        bench.Run(samples, row =>
        {
            rows.Add(row);
            if (!asJson)
            {
                output.WriteLine($"{row.What,-32}{row.Seconds,10:0.0}{row.PeakMiB,12:0}{row.PeakMiB / weights,13:0.000}x");
            }
        });
        if (asJson)
        {
            output.WriteLine(JsonLines.Line(
                new { Benchmark = "model", Like = like, Parameters = bytes / 2, WeightsMiB = weights, Rows = rows }));
        }
    }

    /// <summary>What the machine lacks; null: nothing.</summary>
    private static string? Lacking(string path, long bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var disk = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        var line = File.ReadLines("/proc/meminfo").First(text => text.StartsWith("MemAvailable:", StringComparison.Ordinal));
        var memory = 1024 * long.Parse(
            line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture);
        return disk < 1.05 * bytes
            ? $"the weights take {bytes / 1e9:0.0} GB; {Path.GetDirectoryName(path)} has {disk / 1e9:0.0} GB free"
            : memory < Besides * bytes
                ? $"{Besides * bytes / 1e9:0.0} GB of memory are needed; {memory / 1e9:0.0} GB are to be had"
            : null;
    }
}
