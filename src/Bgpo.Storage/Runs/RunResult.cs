using System.Text.Json.Nodes;

namespace Bgpo.Storage.Runs;

/// <summary>The names of what a run came to, in its record's <see cref="RunRecord.Result"/>.</summary>
public static class RunResult
{
    /// <summary>The held-out evaluation before the first step.</summary>
    public const string EvaluationBefore = "evalBefore";

    /// <summary>That of the last version.</summary>
    public const string EvaluationAfter = "evalAfter";

    /// <summary>The final weights' hash.</summary>
    public const string Weights = "weightsSha256";

    /// <summary>The seconds that the run took.</summary>
    public const string Seconds = "seconds";

    /// <summary>What kept the run from learning, a line each.</summary>
    public const string Warnings = "warnings";

    /// <summary>The warnings of what a run came to; none where it says none.</summary>
    /// <param name="result">What it came to.</param>
    public static string[] WarningsOf(JsonObject? result) =>
        result?[Warnings] is JsonArray lines ? [.. lines.Select(line => (string?)line ?? "")] : [];

    /// <summary>Of what a run came to, what was found before its first step; null: nothing was.</summary>
    /// <param name="result">What it came to.</param>
    public static JsonObject? OfTheBase(JsonObject? result) =>
        result?[EvaluationBefore] is { } before ? new JsonObject { [EvaluationBefore] = before.DeepClone() } : null;
}
