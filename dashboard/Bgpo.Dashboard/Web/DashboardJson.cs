using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bgpo.Dashboard.Web;

/// <summary>How the page is answered.</summary>
internal static class DashboardJson
{
    /// <summary>Names in camel case; nothing for null.</summary>
    internal static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
