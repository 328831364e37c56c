using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Countdown;

/// <summary>The public Countdown format: JSON lines such as <c>{"input":"30,100,93","output":"23"}</c>.</summary>
internal static class CountdownData
{
    private const string Line = """{"input":"30,100,93","output":"23"} (three numbers and a target, all from 1 to 999)""";

    /// <summary>Reads all problems, in the file's order.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="file">Name to blame in errors.</param>
    /// <exception cref="TaskDataException">A line is bad, or there is no problem.</exception>
    public static IReadOnlyList<Prompt> Parse(TextReader reader, string file)
    {
        List<Prompt> prompts = [];
        foreach ((int number, string line) in DataFile.Lines(reader))
        {
            prompts.Add(TryLine(line, out CountdownProblem problem)
                ? CountdownTask.Pose(problem)
                : throw new TaskDataException(file, number, line, Line));
        }
        return prompts.Count > 0 ? prompts : throw DataFile.Empty(file, Line);
    }

    /// <summary>The problem of a record, by default of the fields input and output.</summary>
    /// <param name="record">The record.</param>
    /// <param name="fields">The spec's names of fields.</param>
    /// <exception cref="TaskDataException">It is no problem.</exception>
    public static Prompt Pose(DataRecord record, FieldsSection fields) =>
        CountdownProblem.TryParse(
            record.Text(FieldName.Prompt(fields.Prompt, "input")), record.Text(FieldName.Reference(fields.Reference, "output")),
            out CountdownProblem problem)
            ? CountdownTask.Pose(problem)
            : throw record.Error(Line);

    private static bool TryLine(string line, out CountdownProblem problem)
    {
        problem = default;
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("input", out JsonElement input) && input.ValueKind == JsonValueKind.String
                && json.RootElement.TryGetProperty("output", out JsonElement output) && output.ValueKind == JsonValueKind.String
                && CountdownProblem.TryParse(input.GetString()!, output.GetString()!, out problem);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string with half a surrogate pair.
            return false;
        }
    }
}
