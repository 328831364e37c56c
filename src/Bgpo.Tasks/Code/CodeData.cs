using System.Text.Json;
using System.Text.RegularExpressions;
using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Code;

/// <summary>
/// Makes problems of the records of public data sets: HumanEval (prompt, entry_point, test), MBPP (text, test_list), lists of
/// assertions (AceCode), tests in one text (KodCode), pairs of standard input and output (inputs and outputs, or APPS's
/// input_output).
/// </summary>
internal sealed class CodeData
{
    private const string Expected =
        "a problem with tests: entry_point and test (HumanEval), test_list (MBPP), test_cases, tests or test (assertions), or inputs "
        + "and outputs";

    private static readonly FieldName s_entry = new(["entry_point"]);
    private static readonly FieldName s_setup = new(["test_setup_code", "test_setup"]);
    private static readonly FieldName s_inputs = new(["inputs", "input_output.inputs"]);
    private static readonly FieldName s_outputs = new(["outputs", "input_output.outputs"]);
    private static readonly FieldName s_pairs = new(["input_output"]);

    private readonly int _shownTests;
    private readonly FieldName _prompt;
    private readonly FieldName _tests;
    private readonly FieldName _id;

    /// <summary>Takes the names of fields.</summary>
    /// <param name="spec">The task's section.</param>
    public CodeData(TaskSection spec)
    {
        _shownTests = spec.Code.ShownTests;
        _prompt = FieldName.Prompt(spec.Fields.Prompt, "prompt", "text", "question", "problem", "description");
        _tests = FieldName.Reference(spec.Fields.Reference, "test", "test_list", "test_cases", "tests", "assertions");
        _id = FieldName.Of(spec.Fields.Id, "task.fields.id", "task_id", "id", "question_id");
    }

    /// <summary>The prompt of a record, with its tests.</summary>
    /// <exception cref="TaskDataException">It has no tests.</exception>
    public Prompt Pose(DataRecord record)
    {
        string text = record.Text(_prompt);
        CodeProblem problem = ProblemOf(record, text);
        string id = record.TextOrNull(_id) ?? record.Place;
        return new Prompt($"{CodeTask.TaskName}:{id}", Shown(text, problem), problem.ToReference());
    }

    private CodeProblem ProblemOf(DataRecord record, string text)
    {
        if (Pairs(record) is { } pairs)
        {
            return pairs;
        }
        IReadOnlyList<string> tests = record.Has(_tests) ? record.Texts(_tests) : throw record.Error(Expected);
        if (tests.Count == 0 || tests.All(string.IsNullOrWhiteSpace))
        {
            throw record.Error(Expected);
        }
        string setup = record.TextOrNull(s_setup) ?? "";
        if (record.TextOrNull(s_entry) is { Length: > 0 } entry)
        {
            // HumanEval's prompt is the beginning of the program.
            string prelude = Regex.IsMatch(text, $@"^\s*(async\s+)?def\s+{Regex.Escape(entry)}\b", RegexOptions.Multiline) ? text : "";
            return new CodeProblem { Prelude = prelude, Entry = entry, Setup = setup, Suite = string.Join("\n", tests) };
        }
        return tests.Count == 1 && !IsList(record) ? new CodeProblem { Setup = setup, Suite = tests[0] }
            : new CodeProblem { Setup = setup, Cases = tests };
    }

    private bool IsList(DataRecord record) => record.Json(_tests).ValueKind == JsonValueKind.Array;

    /// <summary>Standard input and output, or arguments and value of a named function; null where the record has none.</summary>
    private static CodeProblem? Pairs(DataRecord record)
    {
        JsonElement inputs;
        JsonElement outputs;
        if (record.Has(s_inputs) && record.Has(s_outputs))
        {
            (inputs, outputs) = (record.Json(s_inputs), record.Json(s_outputs));
        }
        else if (record.Has(s_pairs) && record.Json(s_pairs) is { ValueKind: JsonValueKind.Object } both
            && both.TryGetProperty("inputs", out inputs) && both.TryGetProperty("outputs", out outputs))
        {
            // APPS keeps both in a text of its own.
        }
        else
        {
            return null;
        }
        string[] read = [.. Items(record, inputs).Select(Text)];
        string[] written = [.. Items(record, outputs).Select(Text)];
        return read.Length == written.Length && read.Length > 0 ? new CodeProblem { Inputs = read, Outputs = written }
            : throw record.Error("as many inputs as outputs, at least one");
    }

    private static JsonElement[] Items(DataRecord record, JsonElement list) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray()]
        : throw record.Error("lists of inputs and outputs");

    /// <summary>A text, or lines of it.</summary>
    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };

    /// <summary>What the model reads: the text, and the first tests of a list, which name the function.</summary>
    private string Shown(string text, CodeProblem problem)
    {
        string[] shown = [.. problem.Cases.Take(_shownTests)];
        return shown.Length == 0 ? text : $"{text.TrimEnd()}\nYour code should pass tests such as:\n{string.Join('\n', shown)}";
    }
}
