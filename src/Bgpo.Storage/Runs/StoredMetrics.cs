using System.Text.Json.Nodes;

namespace Bgpo.Storage.Runs;

/// <summary>The metrics of one committed step.</summary>
/// <param name="Step">The step.</param>
/// <param name="Values">Free-form.</param>
public sealed record StoredMetrics(int Step, JsonObject Values);
