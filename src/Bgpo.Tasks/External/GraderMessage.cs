using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bgpo.Tasks.External;

/// <summary>What a grader outside of this program is asked, and what it may answer.</summary>
internal static class GraderMessage
{
    /// <summary>Longest answer, characters.</summary>
    public const int LongestReply = 1 << 20;

    private const int Shown = 120;

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A request, one line of ASCII.</summary>
    /// <param name="id">Comes back in the answer.</param>
    /// <param name="prompt">The problem.</param>
    /// <param name="completion">The completion.</param>
    public static string Request(string id, Prompt prompt, string completion) => JsonSerializer.Serialize(
        new { id, promptId = prompt.Id, prompt = prompt.Text, reference = prompt.Reference, completion }, s_options);

    /// <summary>The score that an answer says; failed where it says none.</summary>
    /// <param name="reply">The answer.</param>
    /// <param name="id">The request's.</param>
    /// <returns>The score, and whether the answer was one: else nothing that comes after it can be trusted.</returns>
    public static (Score Score, bool IsAnswer) Read(string reply, string id)
    {
        JsonElement answer;
        try
        {
            using JsonDocument document = JsonDocument.Parse(reply);
            answer = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return Bad($"'{Short(reply)}', which is not JSON");
        }
        if (answer.ValueKind != JsonValueKind.Object)
        {
            return Bad($"'{Short(reply)}', which is no JSON object");
        }
        string? answered = Text(answer, "id");
        if (answered != id)
        {
            return Bad($"id '{Short(answered ?? "")}' to the request '{id}'");
        }
        return (ReadScore(answer), true);
    }

    private static Score ReadScore(JsonElement answer)
    {
        string info = Text(answer, "info") ?? "";
        Outcome outcome;
        switch (Text(answer, "outcome"))
        {
            case null or "scored":
                outcome = Outcome.Scored;
                break;
            case "malformed":
                outcome = Outcome.Malformed;
                break;
            case "failed":
                return Score.Failed(info.Length > 0 ? info : "it says that it failed");
            case var other:
                return Score.Failed($"it answered the outcome '{Short(other)}'; expected scored, malformed or failed");
        }
        if (!answer.TryGetProperty("reward", out JsonElement given) || Reward(given) is not { } reward)
        {
            string found = given.ValueKind == JsonValueKind.Undefined ? "none" : given.GetRawText();
            return Score.Failed($"it answered the reward {Short(found)}; expected a number from 0 to 1");
        }
        bool isExact = Flag(answer, "exact") ?? (reward == 1 && outcome == Outcome.Scored);
        return new Score(reward, isExact, outcome, info);
    }

    private static double? Reward(JsonElement given) =>
        given.ValueKind == JsonValueKind.Number && given.TryGetDouble(out double reward) && reward is >= 0 and <= 1
            ? reward : null;

    private static bool? Flag(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean() : null;

    private static (Score Score, bool IsAnswer) Bad(string what) => (Score.Failed($"it answered {what}"), false);

    private static string? Text(JsonElement answer, string name)
    {
        if (!answer.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{value.GetRawText()}"); // half a surrogate pair
        }
    }

    private static string Short(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        return line.Length <= Shown ? line : line[..Shown] + "…";
    }
}
