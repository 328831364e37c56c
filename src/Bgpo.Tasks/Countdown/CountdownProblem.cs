using System.Globalization;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Countdown;

/// <summary>Three numbers and the target to make of them; all from 1 to 999.</summary>
/// <param name="First">First number.</param>
/// <param name="Second">Second number.</param>
/// <param name="Third">Third number.</param>
/// <param name="Target">What the expression must equal.</param>
internal readonly record struct CountdownProblem(int First, int Second, int Third, int Target)
{
    /// <summary>Largest number or target that the prompt's three characters hold.</summary>
    public const int Largest = 999;

    /// <summary>
    /// Whether the set of numbers, in any order, is held out: about one set in ten, the same for every run and spec.
    /// </summary>
    public bool IsHeldOut
    {
        get
        {
            (int low, int middle, int high) = Sorted;
            return Streams.Split((uint)low, (uint)middle, (uint)high).Double(0) < 0.1;
        }
    }

    /// <summary>The numbers from low to high: equal for problems of the same set.</summary>
    public (int Low, int Middle, int High) Sorted
    {
        get
        {
            int low = Math.Min(First, Math.Min(Second, Third));
            int high = Math.Max(First, Math.Max(Second, Third));
            return (low, First + Second + Third - low - high, high);
        }
    }

    /// <summary>A number by its place in the prompt.</summary>
    /// <param name="place">0, 1 or 2.</param>
    public int this[int place] => place switch { 0 => First, 1 => Second, _ => Third };

    /// <summary>Reads <c>30,100,93=23</c>; spaces around a number are allowed.</summary>
    /// <param name="text">The text.</param>
    /// <param name="problem">The problem; default where the text is none.</param>
    /// <returns>Whether the text is three numbers and a target, all from 1 to 999.</returns>
    public static bool TryParse(string text, out CountdownProblem problem)
    {
        problem = default;
        string[] sides = text.Split('=');
        return sides.Length == 2 && TryParse(sides[0], sides[1], out problem);
    }

    /// <summary>Reads the numbers, such as <c>30,100,93</c>, and the target, such as <c>23</c>.</summary>
    /// <param name="numbers">The numbers, separated by commas.</param>
    /// <param name="target">The target.</param>
    /// <param name="problem">The problem; default where the texts make none.</param>
    public static bool TryParse(string numbers, string target, out CountdownProblem problem)
    {
        problem = default;
        string[] parts = numbers.Split(',');
        if (parts.Length != 3 || !TryNumber(parts[0], out int first) || !TryNumber(parts[1], out int second)
            || !TryNumber(parts[2], out int third) || !TryNumber(target, out int goal))
        {
            return false;
        }
        problem = new CountdownProblem(first, second, third, goal);
        return true;
    }

    /// <summary>The fifteen characters that the model reads, each number in three: <c> 30,100, 93= 23</c>.</summary>
    public override string ToString() => $"{First,3},{Second,3},{Third,3}={Target,3}";

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
            out number)
        && number is >= 1 and <= Largest;
}
