namespace Bgpo.Tasks.Tests;

/// <summary>A task that scores as it is told.</summary>
internal sealed class FakeTask(Func<string, CancellationToken, Task<Score>> score) : ITask
{
    public string Name => "test";

    public Prompt TrainingPrompt(ulong seed, int step, int index) => throw new NotSupportedException();

    public Example TrainingExample(ulong seed, int step, int index, double answerNoise) => throw new NotSupportedException();

    public IReadOnlyList<Prompt> HeldOut(int count) => [];

    public async ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        await score(completion, cancellationToken);
}
