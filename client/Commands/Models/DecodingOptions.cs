using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Models;
using Bgpo.Model;
using Bgpo.Spec;

namespace Bgpo.Client.Commands.Models;

/// <summary>The options by which a command is told what model to ask, and how its answers are decoded.</summary>
/// <param name="task">What the option <c>--task</c> means.</param>
/// <param name="config">What the option <c>--config</c> means.</param>
internal sealed class DecodingOptions(string task, string config)
{
    internal Option<string?> Model { get; } = Flags.Text("--model", "FOLDER", "model folder or checkpoint");

    internal Option<string?> Task { get; } = Flags.Text("--task", "TASK", task);

    internal Option<double?> Temperature { get; } =
        Flags.Number("--temperature", "T", "Gumbel temperature; default: 0, greedy", 0, 10);

    internal Option<int?> Steps { get; } =
        Flags.Whole("--steps", "N", "denoising steps; the same as --set rollout.denoisingSteps=N", 1, 8192);

    internal Option<int?> Seed { get; } = Flags.Whole("--seed", "N", "seed of the sampling noise; default: 1", 0, int.MaxValue);

    internal Option<string?> Config { get; } = Flags.Text("--config", "FILE", config);

    internal Option<string[]> Set { get; } = Flags.Set();

    internal DeviceOptions Devices { get; } = new("a thread for each core");

    /// <summary>What a command line says.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="paths">Where models and specs are looked up.</param>
    /// <param name="withSteps">Whether the option <c>--steps</c> is a field of the spec.</param>
    /// <exception cref="BadInputException">There is no such model or task.</exception>
    /// <exception cref="SpecException">The spec or an override is wrong.</exception>
    internal Decoding Read(ParseResult parsed, ProjectPaths paths, bool withSteps = true)
    {
        string given = parsed.GetValue(Model)
            ?? throw new BadInputException(
                "option --model is missing: name a model folder, for example --model models/sudoku-base");
        string[] overrides = parsed.GetValue(Set) ?? [];
        if (withSteps && parsed.GetValue(Steps) is { } steps)
        {
            overrides = [.. overrides, $"rollout.denoisingSteps={steps}"];
        }
        RunSpec spec = SamplingSettings.Load(parsed.GetValue(Config), parsed.GetValue(Task), overrides, paths);
        return new Decoding(
            SpecFile.Existing(given, "option --model", paths), spec, parsed.GetValue(Temperature) ?? 0,
            parsed.GetValue(Seed) ?? 1,
            Devices.Read(parsed, Environment.ProcessorCount));
    }
}

/// <summary>A model, and how its answers are decoded.</summary>
/// <param name="Model">Its folder or checkpoint, full path.</param>
/// <param name="Spec">The spec with the task and its decoding.</param>
/// <param name="Temperature">Gumbel temperature.</param>
/// <param name="Seed">Seed of the sampling noise.</param>
/// <param name="Devices">What to compute on.</param>
internal sealed record Decoding(string Model, RunSpec Spec, double Temperature, int Seed, DeviceSet Devices);
