namespace Bgpo.Tasks.Data;

/// <summary>The bounds of answer noise.</summary>
internal static class Noise
{
    /// <summary>Refuses what is no probability.</summary>
    /// <param name="answerNoise">Probability that a part of an answer is redrawn.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not in [0, 1].</exception>
    public static void Check(double answerNoise)
    {
        if (!(answerNoise >= 0 && answerNoise <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(answerNoise), answerNoise, "Answer noise is a probability; expected a number from 0 to 1.");
        }
    }
}
