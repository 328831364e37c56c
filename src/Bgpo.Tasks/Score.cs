namespace Bgpo.Tasks;

/// <summary>What one completion is worth.</summary>
/// <param name="Reward">The reward that BGPO maximises, in [0, 1]; 0 where the grader failed, and then without meaning.</param>
/// <param name="Exact">Whether the problem is solved outright.</param>
/// <param name="Outcome">What came of judging it.</param>
/// <param name="Info">A short reason for people, such as <c>no \boxed{}</c>; empty when there is nothing to say.</param>
public readonly record struct Score(double Reward, bool Exact, Outcome Outcome = Outcome.Scored, string Info = "")
{
    /// <summary>A completion that was judged by what it says or does.</summary>
    /// <param name="reward">Its reward, in [0, 1].</param>
    /// <param name="exact">Whether it solves the problem outright.</param>
    /// <param name="info">A short reason for people.</param>
    public static Score Scored(double reward, bool exact, string info = "") => new(reward, exact, Outcome.Scored, info);

    /// <summary>A completion without an answer of the form that is asked for.</summary>
    /// <param name="info">A short reason for people.</param>
    /// <param name="reward">Its reward, in [0, 1].</param>
    public static Score Malformed(string info, double reward = 0) => new(reward, false, Outcome.Malformed, info);

    /// <summary>A completion that the grader could not judge.</summary>
    /// <param name="info">A short reason for people.</param>
    public static Score Failed(string info) => new(0, false, Outcome.Failed, info);
}
