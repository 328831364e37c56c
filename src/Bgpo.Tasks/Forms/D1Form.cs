using System.Text.RegularExpressions;

namespace Bgpo.Tasks.Forms;

/// <summary>
/// A planning task asked in the words of d1 (dllm-reasoning/d1), for models that read prose: the model reasons, then answers
/// between
/// <c>&lt;answer&gt;</c> and <c>&lt;/answer&gt;</c>. The last such answer is judged as the task judges it.
/// </summary>
/// <param name="task">The task.</param>
/// <param name="words">What is asked, of a problem's own text.</param>
/// <param name="answer">What the task reads of the text between the tags.</param>
/// <param name="formReward">What an answer between tags earns at least.</param>
internal sealed partial class D1Form(
    ITask task, Func<string, string> words, Func<string, string> answer, double formReward) : ITask
{
    /// <summary>Stands between a problem's own text and its reference.</summary>
    private const char Separator = '\n';

    /// <inheritdoc/>
    public string Name => task.Name;

    /// <summary>4x4 Sudoku: the digits between the tags are the grid.</summary>
    /// <param name="task">The task.</param>
    public static D1Form OfSudoku(ITask task) =>
        new(task, D1Prompts.Sudoku, static text => string.Concat(text.Where(char.IsAsciiDigit)), formReward: 0);

    /// <summary>Countdown: an expression stands between the tags; one that is none earns as a wrong one does.</summary>
    /// <param name="task">The task.</param>
    /// <param name="formReward">What a wrong expression earns.</param>
    public static D1Form OfCountdown(ITask task, double formReward) =>
        new(task, D1Prompts.Countdown, static text => text.Trim(), formReward);

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => Ask(task.TrainingPrompt(seed, step, index));

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Example example = task.TrainingExample(seed, step, index, answerNoise);
        return new Example(Ask(example.Prompt), $"<answer>\n{example.Answer}\n</answer>");
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) => [.. task.HeldOut(count).Select(Ask)];

    /// <inheritdoc/>
    public async ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        string[] parts = prompt.Reference.Split(Separator, 2);
        if (parts.Length != 2)
        {
            throw new ArgumentException($"The prompt '{prompt.Id}' is not of task {Name} in d1's form.", nameof(prompt));
        }
        MatchCollection found = Answers().Matches(completion);
        if (found.Count == 0)
        {
            return Score.Malformed("no <answer>");
        }
        Score score = await task.ScoreAsync(
            new Prompt(prompt.Id, parts[0], parts[1]), answer(found[^1].Groups[1].Value), cancellationToken);
        return score with { Reward = Math.Max(score.Reward, formReward) };
    }

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) => task.CheckAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => task.DisposeAsync();

    private Prompt Ask(Prompt own) => new(own.Id, words(own.Text), $"{own.Text}{Separator}{own.Reference}");

    [GeneratedRegex("<answer>(.*?)</answer>", RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex Answers();
}
