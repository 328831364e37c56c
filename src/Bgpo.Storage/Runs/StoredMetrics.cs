using System.Text.Json.Nodes;

namespace Bgpo.Storage.Runs;

/// <summary>The metrics of one committed step.</summary>
/// <param name="Step">The version that the step made, from 1: one more than the step's number in the journal.</param>
/// <param name="Values">Free-form.</param>
public sealed record StoredMetrics(int Step, JsonObject Values);
