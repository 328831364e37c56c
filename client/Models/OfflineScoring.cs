using System.Text;
using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Client.Models;

/// <summary>Scores the completions of a file by a task.</summary>
/// <param name="spec">The task; its evaluation data are the problems.</param>
/// <param name="completions">The file with the completions, full path.</param>
/// <param name="shown">The same as the user would write it.</param>
internal sealed class OfflineScoring(TaskSection spec, string completions, string shown)
{
    /// <summary>Completions that are scored ahead of the first that is not told yet.</summary>
    private const int Ahead = 256;

    private const string Expected = """a JSON object with a text, such as {"completion": "42"}""";

    /// <summary>Scores all, and tells each in order.</summary>
    /// <param name="told">Told of each score.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BadInputException">A file cannot be used, or the task cannot score on this machine.</exception>
    internal async Task<ScoreSummary> RunAsync(Action<Score> told, CancellationToken cancellationToken)
    {
        await using ITask task = ModelCommands.Bad(() => TaskRegistry.Create(spec));
        IReadOnlyList<Prompt> problems = ModelCommands.Bad(() => task.HeldOut(int.MaxValue));
        string[] answers = Read();
        if (answers.Length != problems.Count)
        {
            throw new BadInputException(
                $"{shown} has {Format.Many(answers.Length, "completion")}, and {spec.EvaluationData} has "
                + $"{Format.Many(problems.Count, "problem")}; give one completion a problem, in the order of the problems");
        }

        if (await task.CheckAsync(cancellationToken) is { } reason)
        {
            throw new BadInputException(reason);
        }

        using var scorer = new TaskScorer(task, RewardLimits.Of(spec.Rewards), TimeProvider.System);
        var scores = new List<Score>();
        var ahead = new Queue<Task<Score>>();
        for (int i = 0; i < answers.Length || ahead.Count > 0;)
        {
            if (i < answers.Length && ahead.Count < Ahead)
            {
                ahead.Enqueue(scorer.ScoreAsync(problems[i], answers[i], cancellationToken));
                i++;
                continue;
            }

            scores.Add(await ahead.Dequeue());
            told(scores[^1]);
        }

        double[] judged = [.. scores.Where(score => score.Outcome != Outcome.Failed).Select(score => score.Reward)];
        return new ScoreSummary(
            judged.Length == 0 ? null : judged.Average(), scores.Count,
            scores.Count(score => score.Outcome == Outcome.Scored), scores.Count(score => score.Outcome == Outcome.Malformed),
            scores.Count(score => score.Outcome == Outcome.Failed), scores.Count(score => score.Exact));
    }

    private string[] Read()
    {
        try
        {
            List<string> read = [];
            int number = 0;
            int blank = 0;
            foreach (string line in File.ReadLines(completions, new UTF8Encoding(false, throwOnInvalidBytes: true)))
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                {
                    blank = blank == 0 ? number : blank;
                    continue;
                }

                if (blank > 0)
                {
                    throw new BadInputException($"{shown}, line {blank}: blank; expected {Expected}");
                }

                read.Add(Completion(line)
                    ?? throw new BadInputException($"{shown}, line {number}: found '{Short(line)}'; expected {Expected}"));
            }

            return [.. read];
        }
        catch (DecoderFallbackException e)
        {
            throw new BadInputException($"{shown}: not UTF-8 text; expected JSON lines", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{shown}: cannot be read: {e.Message}", e);
        }
    }

    private static string? Completion(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("completion", out JsonElement text) && text.ValueKind == JsonValueKind.String
                ? text.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // not JSON, or half a surrogate pair
        }
    }

    private static string Short(string line) => line.Length <= 80 ? line : line[..80] + "…";
}

/// <summary>What completions are worth together.</summary>
/// <param name="Mean">Mean reward of those that were judged; null where none was.</param>
/// <param name="Count">Completions.</param>
/// <param name="Scored">Those judged by what they say or do.</param>
/// <param name="Malformed">Those not of the form that is asked for.</param>
/// <param name="Failed">Those that the grader could not judge.</param>
/// <param name="Exact">Those that solve their problem outright.</param>
internal sealed record ScoreSummary(double? Mean, int Count, int Scored, int Malformed, int Failed, int Exact);
