using Bgpo.Spec;

namespace Bgpo.Client.Models;

/// <summary>How models are asked: a task and its decoding, from a run spec. Its model's path does not matter here.</summary>
internal static class SamplingSettings
{
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["sudoku4x4"] = "sudoku.yaml",
        ["countdown3"] = "countdown.yaml",
        ["pyfunc"] = "pyfunc.yaml",
        ["arithmetic"] = "arithmetic.yaml",
    };

    /// <summary>The names of the tasks.</summary>
    internal static IReadOnlyCollection<string> Tasks => Configs.Keys;

    /// <summary>The spec with the settings.</summary>
    /// <param name="config">A spec; null for the project's own of the task.</param>
    /// <param name="task">Task name; null for the spec's.</param>
    /// <param name="overrides">Assignments <c>a.b=c</c>.</param>
    /// <param name="paths">Where specs are looked up.</param>
    /// <exception cref="BadInputException">There is no such task.</exception>
    /// <exception cref="SpecException">The spec or an override is wrong.</exception>
    internal static RunSpec Load(string? config, string? task, IEnumerable<string> overrides, ProjectPaths paths)
    {
        if (task is not null && !Configs.ContainsKey(task))
        {
            var near = Nearest.To(task, Configs.Keys);
            throw new BadInputException(
                $"option --task: value '{task}': one of " +
                    $"{string.Join(", ", Configs.Keys)}{(near is null ? "" : $"; did you mean '{near}'?")}");
        }

        var set = task is null ? overrides : overrides.Append($"task.name={task}");
        return (config ?? paths.Config(Configs[task ?? "sudoku4x4"])) is { } file
            ? SpecFile.Load<RunSpec>(file, paths, set)
            : SpecLoader.Load<RunSpec>("{}", "defaults", set.Append("model.path=unused"));
    }
}
