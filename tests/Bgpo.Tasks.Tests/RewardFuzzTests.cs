using System.Text;
using Bgpo.Spec;

namespace Bgpo.Tasks.Tests;

/// <summary>
/// Mutated completions through every reward that is computed in this process: no crash, no hang, no reward out of range.
/// BGPO_FUZZ says how many for each task; by default as many as a second or two allow.
/// </summary>
public sealed class RewardFuzzTests
{
    private static readonly string[] s_pieces =
    [
        "", " ", "0", "1", "9", "-", "+", "*", "/", "**", "//", "^", "(", ")", "((((((((", "{", "}", "\\boxed{", "\\frac{1}{0}",
        "\\sqrt{", "<answer>", "</answer>", "####", "the answer is ", "9**9**9", "1e999", "NaN", "Infinity", "!!!!!!!!", "\0", "\n",
        "\r\n", "\t", "\u2028", "é", "漢", "\U0001F600", "\ud800", "\udc00", "\ufeff", "٣", "−", "1234567890", "1/0", "0x1F", "1_000", "$",
        "%", ",", ".", "...", "[", "]", "=", "x", "x=3", "def f():\n  return 1", "\\text{", "\\left(", "\\begin{pmatrix}",
    ];

    public static TheoryData<string> InProcess => ["sudoku4x4", "countdown3"];

    [Theory]
    [MemberData(nameof(InProcess))]
    public async Task AnyCompletion_HasAnOutcome_AndARewardInRange(string name)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("BGPO_FUZZ"), out int asked) ? asked : 3000;
        await using ITask task = TaskRegistry.Create(new TaskSection { Name = name });
        IReadOnlyList<Prompt> problems = task.HeldOut(32);
        Example[] right = [.. Enumerable.Range(0, 32).Select(i => task.TrainingExample(1, i, 0, 0))];
        using var scorer = new TaskScorer(task, new RewardLimits(1, TimeSpan.FromSeconds(5), 1), TimeProvider.System);
        for (int i = 0; i < count; i++)
        {
            var random = new Philox(17, Purpose.Other, (uint)i, 0);
            (Prompt prompt, string seed) = i % 2 == 0
                ? (right[i / 2 % right.Length].Prompt, right[i / 2 % right.Length].Answer) : (problems[i % problems.Count], "");
            string completion = Mutate(seed, random);
            TimedScore timed = await scorer.ScoreOnceAsync(prompt, completion, TestContext.Current.CancellationToken);
            Assert.True(
                timed.Score is { Reward: >= 0 and <= 1, Outcome: Outcome.Scored or Outcome.Malformed, Info: not null },
                $"{name}, mutation {i}: {timed.Score} of '{completion[..Math.Min(200, completion.Length)]}'");
        }
    }

    private static string Mutate(string seed, Philox random)
    {
        uint next = 0;
        var text = new StringBuilder(seed);
        for (int changes = 1 + random.Below(next++, 8); changes > 0; changes--)
        {
            string piece = s_pieces[random.Below(next++, s_pieces.Length)];
            int at = random.Below(next++, text.Length + 1);
            switch (random.Below(next++, 5))
            {
                case 0:
                    text.Insert(at, piece);
                    break;
                case 1:
                    text.Remove(at, Math.Min(text.Length - at, 1 + random.Below(next++, 4)));
                    break;
                case 2 when at < text.Length:
                    text[at] = (char)random.Below(next++, 0x10000);
                    break;
                case 3:
                    text.Insert(at, string.Concat(Enumerable.Repeat(piece, 1 + random.Below(next++, 200))));
                    break;
                default:
                    text.Append(text.ToString(0, at));
                    break;
            }
        }
        return text.ToString();
    }
}
