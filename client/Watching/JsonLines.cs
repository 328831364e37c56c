using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Events and results as JSON, one object a line, for scripts.</summary>
internal static class JsonLines
{
    private static readonly JsonSerializerOptions Options = new()
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A run's event.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="peakRssMiB">This process's peak memory, for the last line.</param>
    internal static string Of(RunEvent happened, double? peakRssMiB) => happened switch
    {
        RunStarted => Tagged("started", happened),
        Progressed => Tagged("progress", happened),
        StepCommitted step => Tagged("step", step.Metrics),
        Evaluated evaluated => Tagged("evaluated", evaluated, evaluated.Result),
        CheckpointSaved => Tagged("checkpoint", happened),
        WorkMoved => Tagged("moved", happened),
        RosterChanged => Tagged("silos", happened),
        GroupLeftOut => Tagged("leftOut", happened),
        StoreStatus => Tagged("store", happened),
        Noticed => Tagged("notice", happened),
        RunCompleted done => Completed(done, peakRssMiB),
        LearningWarned => Tagged("warning", happened),
        RunPaused => Tagged("paused", happened),
        RunWentOn => Tagged("continued", happened),
        SpecChanged => Tagged("changed", happened),
        RunStopped => Tagged("stopped", happened),
        RunFailed => Tagged("failed", happened),
        _ => Tagged(JsonNamingPolicy.CamelCase.ConvertName(happened.GetType().Name), happened),
    };

    /// <summary>
    /// A committed step's metrics, each under its own name; those of an evaluation are null where none was due.
    /// </summary>
    internal static string Metrics(StepMetrics step)
    {
        var line = JsonSerializer.SerializeToNode(step, Options)!.AsObject();
        line.Remove("evaluation");
        line.Remove("ledger");
        (line["evalGreedy"], line["evalSampled"], line["evalReward"]) =
            (step.Evaluation?.GreedyExact, step.Evaluation?.SampledExact, step.Evaluation?.MeanReward);
        if (step.Evaluation?.Tasks is { } tasks)
        {
            line["evalTasks"] = JsonSerializer.SerializeToNode(tasks, Options);
        }

        return line.ToJsonString(Options);
    }

    /// <summary>A line with the fields of objects, one after the other, behind what kind of line it is.</summary>
    internal static string Tagged(string kind, params object[] bodies)
    {
        var line = new JsonObject { ["event"] = kind };
        foreach (var body in bodies)
        {
            foreach (var (name, value) in JsonSerializer.SerializeToNode(body, body.GetType(), Options)!.AsObject())
            {
                // Sections of an event are given as bodies of their own; its place in the stream is of no use to a script.
                if (value is not JsonObject && name != "sequence")
                {
                    line[name] = value?.DeepClone();
                }
            }
        }

        return line.ToJsonString(Options);
    }

    /// <summary>Any object as one line.</summary>
    internal static string Line(object value) => JsonSerializer.Serialize(value, Options);

    private static string Completed(RunCompleted done, double? peakRssMiB)
    {
        return new JsonObject
        {
            ["event"] = "completed",
            ["run"] = done.Run,
            ["version"] = done.Version,
            ["weightsSha256"] = done.WeightsSha256,
            ["evalBefore"] = Evaluation(done.Before),
            ["evalAfter"] = Evaluation(done.After),
            ["seconds"] = Math.Round(done.Seconds, 3),
            ["peakRssMiB"] = peakRssMiB is { } peak ? Math.Round(peak, 1) : null,
            ["checkpoint"] = done.Checkpoint,
            ["warnings"] = new JsonArray([.. done.Warnings.Select(line => (JsonNode)line)]),
        }.ToJsonString(Options);

        static JsonObject Evaluation(EvaluationSummary result)
        {
            var evaluation = Means(result);
            if (result.Tasks is { } tasks)
            {
                evaluation["tasks"] = JsonSerializer.SerializeToNode(tasks, Options);
            }

            return evaluation;
        }

        static JsonObject Means(EvaluationSummary result) => new()
        {
            ["greedyExact"] = result.GreedyExact,
            ["sampledExact"] = result.SampledExact,
            ["meanReward"] = result.MeanReward,
            ["malformedShare"] = result.MalformedShare,
            ["failed"] = result.Failed,
            ["failedSampled"] = result.FailedSampled,
        };
    }
}
