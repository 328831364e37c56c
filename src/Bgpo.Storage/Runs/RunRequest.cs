using System.Text.Json.Serialization;

namespace Bgpo.Storage.Runs;

/// <summary>What people ask of a run while it goes on.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RequestKind>))]
public enum RequestKind
{
    /// <summary>Take no further step until told to go on.</summary>
    [JsonStringEnumMemberName("pause")]
    Pause,

    /// <summary>Go on.</summary>
    [JsonStringEnumMemberName("resume")]
    Resume,

    /// <summary>Save a checkpoint and end.</summary>
    [JsonStringEnumMemberName("stop")]
    Stop,

    /// <summary>Save a checkpoint and go on.</summary>
    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint,

    /// <summary>Change fields of the spec.</summary>
    [JsonStringEnumMemberName("set")]
    Set,
}

/// <summary>
/// One request: durable once it is in the run's <c>control.json</c>, taken by the controller between two steps.
/// </summary>
/// <param name="Number">Counts the run's requests from 1.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="Reason">Why, for people; empty when nothing was said.</param>
/// <param name="Fields">Of <see cref="RequestKind.Set"/>: <c>field=value</c> each; empty otherwise.</param>
/// <param name="Asked">When (UTC).</param>
/// <param name="Nonce">Random: tells a request from another one of the same words.</param>
public sealed record RunRequest(
    long Number, RequestKind Kind, string Reason, IReadOnlyList<string> Fields, DateTimeOffset Asked, string Nonce);

/// <summary>
/// A run's <c>control.json</c>: what was asked of it, oldest first. Written by those who ask, never by a controller.
/// </summary>
public sealed record RunRequests
{
    /// <summary>Format written by this version.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Requests that are kept once they are taken, and that may wait to be taken.</summary>
    public const int Most = 64;

    /// <summary>Nothing was ever asked.</summary>
    public static RunRequests None { get; } = new() { Requests = [] };

    /// <summary>Format of the file.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>The requests, by number.</summary>
    public required IReadOnlyList<RunRequest> Requests { get; init; }

    /// <summary>Number of the newest; 0 when there is none.</summary>
    [JsonIgnore]
    public long Newest => Requests.Count == 0 ? 0 : Requests[^1].Number;
}

/// <summary>What came of a request, in the run's record.</summary>
/// <param name="Number">The request's number.</param>
/// <param name="Version">Version at which it was taken; of a set, the step from which it holds.</param>
/// <param name="Refused">Why it was not done; null when it was.</param>
public sealed record RequestAnswer(long Number, int Version, string? Refused = null);

/// <summary>
/// A field of the spec that was changed in mid-run. With the spec these decide every step, whoever takes it, and whenever.
/// </summary>
/// <param name="FromStep">First step that it holds for.</param>
/// <param name="Field">The field, as <c>rollout.temperature</c>.</param>
/// <param name="Value">Its new value, as text.</param>
/// <param name="Request">Number of the request.</param>
public sealed record SpecChange(int FromStep, string Field, string Value, long Request);
