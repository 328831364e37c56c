using Bgpo.Client.CommandLine;
using Bgpo.Spec;

namespace Bgpo.Client.Runs;

/// <summary>What a run is started with.</summary>
internal static class NewRun
{
    /// <summary>Its spec: a file's, with overrides.</summary>
    /// <param name="paths">Where the file is.</param>
    /// <param name="config">The file; null: configs/sudoku.yaml of the project.</param>
    /// <param name="set">Overrides.</param>
    /// <param name="steps">One more override; null: none.</param>
    internal static RunSpec Spec(ProjectPaths paths, string? config, string[]? set, int? steps = null)
    {
        var file = config ?? paths.Config("sudoku.yaml")
            ?? throw new BadInputException("no configs/sudoku.yaml here; name a run spec with --config FILE");
        return SpecFile.Load<RunSpec>(file, paths, Overrides(set, steps));
    }

    /// <summary>Overrides of a spec.</summary>
    /// <param name="set">As given.</param>
    /// <param name="steps">One more; null: none.</param>
    internal static string[] Overrides(string[]? set, int? steps) =>
        [.. set ?? [], .. steps is { } count ? new[] { $"run.steps={count}" } : []];

    /// <summary>Its id: as given, or the spec's name and the time.</summary>
    internal static string Id(TimeProvider time, string option, string? given, RunSpec spec) => given is not null
        ? Flags.Checked(option, given)
        : $"{spec.Run.Name[..Math.Min(spec.Run.Name.Length, 47)]}-{time.GetLocalNow():yyyyMMdd-HHmmss}";
}
