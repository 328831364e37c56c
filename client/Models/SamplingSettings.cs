using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Client.Models;

/// <summary>How models are asked: a task and its decoding, from a run spec. Its model's path does not matter here.</summary>
internal static class SamplingSettings
{
    /// <summary>The project's own specs; a task without one is asked by the defaults.</summary>
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["sudoku4x4"] = "sudoku.yaml",
        ["countdown3"] = "countdown.yaml",
        ["pyfunc"] = "pyfunc.yaml",
        ["arithmetic"] = "arithmetic.yaml",
    };

    /// <summary>The names of the tasks.</summary>
    internal static IReadOnlyCollection<string> Tasks => TaskRegistry.Names;

    /// <summary>The spec with the settings.</summary>
    /// <param name="config">A spec; null for the project's own of the task.</param>
    /// <param name="task">Task name; null for the spec's.</param>
    /// <param name="overrides">Assignments <c>a.b=c</c>.</param>
    /// <param name="paths">Where specs are looked up.</param>
    /// <exception cref="BadInputException">There is no such task.</exception>
    /// <exception cref="SpecException">The spec or an override is wrong.</exception>
    internal static RunSpec Load(string? config, string? task, IEnumerable<string> overrides, ProjectPaths paths)
    {
        if (task is not null && !Tasks.Contains(task))
        {
            var near = Nearest.To(task, Tasks);
            throw new BadInputException(
                $"option --task: value '{task}': one of " +
                    $"{string.Join(", ", Tasks)}{(near is null ? "" : $"; did you mean '{near}'?")}");
        }

        var set = task is null ? overrides : overrides.Append($"task.name={task}");
        var own = Configs.TryGetValue(task ?? "sudoku4x4", out var name) ? paths.Config(name) : null;
        return (config ?? own) is { } file
            ? SpecFile.Load<RunSpec>(file, paths, set)
            : SpecLoader.Load<RunSpec>("{}", "defaults", set.Append("model.path=unused"));
    }
}
