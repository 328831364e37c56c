namespace Bgpo.Grains;

/// <summary>A number that a committed step has for each task of a mixture, under the names that it is published by.</summary>
/// <param name="Instrument">Name of the gauge in the meter <c>Bgpo.Run</c>, tags <c>run</c> and <c>task</c>.</param>
/// <param name="Tag">Name of the scalar in TensorBoard's event files, behind <c>tasks/LABEL/</c>.</param>
/// <param name="Description">What it is.</param>
/// <param name="Of">Its values by label.</param>
public sealed record TaskSeries(
    string Instrument, string Tag, string Description, Func<StepMetrics, IEnumerable<(string Task, double Value)>> Of)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<TaskSeries> All { get; } =
    [
        new("bgpo.run.task.reward", "reward", "Mean reward of the task's completions.", Step(task => task.MeanReward)),
        new("bgpo.run.task.solve_rate", "solve_rate", "Share of them that solve their problem outright.",
            Step(task => task.SolveRate)),
        new("bgpo.run.task.malformed", "malformed", "Share of them that are not of the form asked for.",
            Step(task => task.MalformedShare)),
        new("bgpo.run.task.eval.greedy", "eval_greedy", "The task's held-out problems solved at temperature 0.",
            Evaluation(task => task.GreedyExact)),
        new("bgpo.run.task.eval.sampled", "eval_sampled", "The same at the evaluation's temperature.",
            Evaluation(task => task.SampledExact)),
    ];

    private static Func<StepMetrics, IEnumerable<(string, double)>> Step(Func<TaskMetrics, double> of) =>
        step => (step.Tasks ?? []).Select(task => (task.Task, of(task)));

    private static Func<StepMetrics, IEnumerable<(string, double)>> Evaluation(Func<TaskEvaluation, double> of) =>
        step => (step.Evaluation?.Tasks ?? []).Select(task => (task.Task, of(task)));
}
