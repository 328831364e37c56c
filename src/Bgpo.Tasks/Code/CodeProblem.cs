using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bgpo.Tasks.Code;

/// <summary>What a program is judged by. It travels as the reference of a prompt.</summary>
internal sealed record CodeProblem
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>Code that a completion may go on from, such as HumanEval's prompt; its helpers are there for the tests.</summary>
    public string Prelude { get; init; } = "";

    /// <summary>The function that is asked for; empty: whatever the tests call.</summary>
    public string Entry { get; init; } = "";

    /// <summary>Code that the tests need before them.</summary>
    public string Setup { get; init; } = "";

    /// <summary>Tests, each of a statement or more: it fails when it raises.</summary>
    public IReadOnlyList<string> Cases { get; init; } = [];

    /// <summary>Tests in one text: a function check(candidate), functions test_..., classes of unittest, or asserts.</summary>
    public string Suite { get; init; } = "";

    /// <summary>What the program reads from its standard input, test by test.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>What it is to write for each.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Whether the program is run as a whole for each input, and not as a module whose functions are called.</summary>
    [JsonIgnore]
    public bool IsScript => Outputs.Count > 0;

    /// <summary>As text.</summary>
    public string ToReference() => JsonSerializer.Serialize(this, s_json);

    /// <summary>From text.</summary>
    /// <param name="reference">What <see cref="ToReference"/> made.</param>
    /// <exception cref="ArgumentException">It did not.</exception>
    public static CodeProblem Parse(string reference)
    {
        try
        {
            return JsonSerializer.Deserialize<CodeProblem>(reference, s_json)!;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{reference}' holds no tests; expected a prompt that this task made.", nameof(reference), e);
        }
    }
}
