using Bgpo.Spec;

namespace Bgpo.Optimizer;

/// <summary>The learning rate of each step: linear warm-up, then constant, linear or cosine decay to zero.</summary>
public static class LearningRate
{
    /// <summary>The rate of step <paramref name="step"/>.</summary>
    /// <param name="optimizer">Peak, schedule and warm-up.</param>
    /// <param name="step">Step, from 0.</param>
    /// <param name="steps">Steps in all.</param>
    public static double At(OptimizerSection optimizer, int step, int steps)
    {
        if (step < optimizer.WarmupSteps)
        {
            return optimizer.LearningRate * (step + 1) / optimizer.WarmupSteps;
        }
        double done = (double)(step - optimizer.WarmupSteps) / Math.Max(1, steps - optimizer.WarmupSteps);
        return optimizer.Schedule switch
        {
            Schedule.Linear => optimizer.LearningRate * (1 - done),
            Schedule.Cosine => optimizer.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * done)),
            _ => optimizer.LearningRate,
        };
    }
}
