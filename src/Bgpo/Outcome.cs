using System.Text.Json.Serialization;

namespace Bgpo;

/// <summary>What came of judging a completion.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    /// <summary>It was judged by what it says or does; also when it does the wrong thing, crashes or runs out of time.</summary>
    [JsonStringEnumMemberName("scored")]
    Scored,

    /// <summary>It has no answer of the form that is asked for. It has a reward all the same, often 0, and is counted.</summary>
    [JsonStringEnumMemberName("malformed")]
    Malformed,

    /// <summary>
    /// The grader failed: a sandbox that cannot be had, a reward process that died, a time limit of the machine. It says nothing
    /// of the completion. It is tried again, and a group that it stays with is left out of its batch.
    /// </summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}
