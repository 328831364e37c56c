namespace Bgpo.Tasks.Data;

/// <summary>Lines up generated held-out problems without repeats.</summary>
internal static class HeldOutProblems
{
    /// <summary>So many repeats in a row mean that the settings allow no further problem.</summary>
    private const int MaxRepeats = 20_000;

    /// <summary>The first distinct problems of an endless fixed order; fewer when the order has no more to give.</summary>
    /// <param name="count">How many, at least 0.</param>
    /// <param name="attempt">The order: problem by attempt number.</param>
    public static IReadOnlyList<Prompt> Distinct(int count, Func<int, Prompt> attempt)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        List<Prompt> problems = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0, repeats = 0; problems.Count < count && repeats < MaxRepeats; i++)
        {
            Prompt prompt = attempt(i);
            if (seen.Add(prompt.Id))
            {
                problems.Add(prompt);
                repeats = 0;
            }
            else
            {
                repeats++;
            }
        }
        return problems;
    }
}
