using System.Text.Json.Serialization;

namespace Bgpo;

/// <summary>What a run is doing, as its controller last wrote; the last two are only said, never written.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>A controller takes steps.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Waiting to be told to go on.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>Ended by command before its last step; can be resumed.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>All steps are done.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Ended by an error; can be resumed.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its record says that it is running, and nobody drives it.</summary>
    [JsonStringEnumMemberName("lost")]
    Lost,

    /// <summary>Its grain has not been asked to go on with it yet, and has not read its record.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,
}
