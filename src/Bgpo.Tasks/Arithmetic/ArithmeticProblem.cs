using System.Globalization;
using System.Text;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Arithmetic;

/// <summary>
/// A sum of several numbers, added and subtracted from left to right; no value on the way is below 0 or above 999.
/// </summary>
/// <param name="numbers">The numbers, two or more, each from 1 to 999.</param>
/// <param name="signs">+ or - before each number but the first.</param>
internal sealed class ArithmeticProblem(int[] numbers, char[] signs)
{
    /// <summary>Largest number and largest value: the most that three characters hold.</summary>
    public const int Largest = 999;

    /// <summary>Characters that a number takes, spaces before it included.</summary>
    private const int Width = 3;

    /// <summary>
    /// Whether the numbers, in any order, are held out: about one set in ten, the same for every run and spec.
    /// </summary>
    public bool IsHeldOut
    {
        get
        {
            uint key = 0;
            foreach (int number in numbers.Order())
            {
                key = (key * 1_000_003) ^ (uint)number;
            }
            return Streams.Split((uint)numbers.Length, key, c: 17).Double(0) < 0.1;
        }
    }

    /// <summary>The values after each number but the first; the last is the sum's.</summary>
    public IReadOnlyList<int> Values
    {
        get
        {
            int[] values = new int[signs.Length];
            int value = numbers[0];
            for (int i = 0; i < signs.Length; i++)
            {
                value += signs[i] == '+' ? numbers[i + 1] : -numbers[i + 1];
                values[i] = value;
            }
            return values;
        }
    }

    /// <summary>Draws a sum; its values stay in bounds.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="next">Where to take numbers from the stream; moves on.</param>
    /// <param name="terms">How many numbers.</param>
    /// <param name="maxNumber">The largest of them.</param>
    public static ArithmeticProblem Draw(Philox random, ref uint next, int terms, int maxNumber)
    {
        while (true)
        {
            int[] numbers = new int[terms];
            char[] signs = new char[terms - 1];
            for (int i = 0; i < terms; i++)
            {
                numbers[i] = 1 + random.Below(next++, maxNumber);
            }
            for (int i = 0; i < signs.Length; i++)
            {
                signs[i] = random.Below(next++, 2) == 0 ? '+' : '-';
            }
            var problem = new ArithmeticProblem(numbers, signs);
            if (problem.Values.All(value => value is >= 0 and <= Largest))
            {
                return problem;
            }
        }
    }

    /// <summary>The worked steps behind the =, each with the first two numbers put together: <c> 71- 17= 54</c>.</summary>
    public string Steps()
    {
        StringBuilder text = new();
        IReadOnlyList<int> values = Values;
        for (int i = 0; i < signs.Length; i++)
        {
            text.Append(i > 0 ? "=" : "").Append(CultureInfo.InvariantCulture, $"{values[i],Width}");
            for (int j = i + 1; j < signs.Length; j++)
            {
                text.Append(signs[j]).Append(CultureInfo.InvariantCulture, $"{numbers[j + 1],Width}");
            }
        }
        return text.ToString();
    }

    /// <summary>The sum as it is posed: <c> 23+ 48- 17=</c>.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        for (int i = 0; i < numbers.Length; i++)
        {
            text.Append(i > 0 ? signs[i - 1].ToString() : "").Append(CultureInfo.InvariantCulture, $"{numbers[i],Width}");
        }
        return text.Append('=').ToString();
    }
}
