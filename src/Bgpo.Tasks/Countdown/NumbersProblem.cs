using System.Globalization;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Countdown;

/// <summary>Some numbers and the target to make of them; all from 1 to <see cref="Largest"/>.</summary>
/// <param name="Numbers">The numbers, <see cref="Fewest"/> to <see cref="Most"/>.</param>
/// <param name="Target">What the expression must equal.</param>
internal sealed record NumbersProblem(int[] Numbers, int Target)
{
    /// <summary>Largest number or target.</summary>
    public const int Largest = 9999;

    /// <summary>Fewest numbers.</summary>
    public const int Fewest = 3;

    /// <summary>Most numbers.</summary>
    public const int Most = 4;

    /// <summary>The numbers from low to high, which tell one set from another.</summary>
    public int[] Sorted => [.. Numbers.Order()];

    /// <summary>
    /// Whether the set of numbers, in any order, is held out: about one set in ten, the same for every run and spec. Sets of
    /// three are those of countdown3.
    /// </summary>
    public bool IsHeldOut
    {
        get
        {
            int[] sorted = Sorted;
            uint high = (uint)sorted[2] + (sorted.Length > 3 ? ((uint)sorted[3] + 1) << 16 : 0);
            return Streams.Split((uint)sorted[0], (uint)sorted[1], high).Double(0) < 0.1;
        }
    }

    /// <summary>Reads <c>30,100,93=23</c>; spaces around a number are allowed.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The problem; null where the text is none.</returns>
    public static NumbersProblem? TryParse(string text) =>
        text.Split('=') is [var numbers, var target] ? TryParse(numbers.Split(','), target) : null;

    /// <summary>Reads numbers and a target.</summary>
    /// <param name="numbers">The numbers.</param>
    /// <param name="target">The target.</param>
    /// <returns>The problem; null where the texts make none.</returns>
    public static NumbersProblem? TryParse(string[] numbers, string target)
    {
        int?[] read = [.. numbers.Append(target).Select(Number)];
        return numbers.Length is >= Fewest and <= Most && Array.TrueForAll(read, number => number is not null)
            ? new NumbersProblem([.. read[..^1].Select(number => number!.Value)], read[^1]!.Value)
            : null;
    }

    /// <summary>What the model reads: <c>30,100,93=23</c>.</summary>
    public override string ToString() => $"{string.Join(',', Numbers)}={Target}";

    private static int? Number(string text) => int.TryParse(
        text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int number)
        && number is >= 1 and <= Largest ? number : null;
}
