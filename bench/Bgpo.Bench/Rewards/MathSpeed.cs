using System.Diagnostics;
using Bgpo.Tasks.Mathematics;

namespace Bgpo.Bench.Rewards;

/// <summary>How fast answers of one kind are found and judged.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Answers">How many were judged.</param>
/// <param name="PerSecond">Answers a second, all threads together.</param>
/// <param name="SlowestMs">The one that took longest, milliseconds.</param>
internal sealed record MathMeasured(string Kind, int Answers, double PerSecond, double SlowestMs);

/// <summary>How fast the mathematics task judges completions, on the threads of this machine.</summary>
internal static class MathSpeed
{
    private const int Warmup = 2000;

    /// <summary>Kinds of answers: the text around each, and pairs of an answer and what it is compared with.</summary>
    private static readonly (string Kind, string[] Answers, string[] References)[] s_kinds =
    [
        ("numbers", ["18", "1,234", "$70,000.00", "2/3", "-5", "50%", "12 apples", "0.25"],
            ["18", "1234", "70000", "3/2", "5", "50", "12", "1/4"]),
        ("LaTeX", [@"\frac{3}{4}", @"2\sqrt{3}", @"\frac{\pi}{2}", @"\left[0,1\right)", @"\{1,2,3\}", @"90^\circ", @"\text{(C)}",
                @"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"],
            ["0.75", @"\sqrt{12}", "1.57", "[0,1)", @"\{3,2,1\}", "90", "C", @"\begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}"]),
        ("expressions", ["2(x+1)", "x^2-1", @"\frac{1}{x}+\frac{1}{y}", "(a+b)^5", "x = 3", @"\sin^2 x + \cos^2 x", "3x < 6", "n!"],
            ["2x+2", "(x-1)(x+1)", @"\frac{x+y}{xy}", "(b+a)^5", "3", "1", "x < 2", "(n+1)!"]),
    ];

    /// <summary>Measures all kinds, then mutated completions.</summary>
    /// <param name="count">Completions of each kind.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="seed">Seed of the mutations.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static IEnumerable<MathMeasured> Measure(int count, int threads, ulong seed, CancellationToken cancellationToken)
    {
        foreach ((string kind, string[] answers, string[] references) in s_kinds)
        {
            yield return Judge(
                kind, count, threads,
                i => ($"So we get \\boxed{{{answers[i % answers.Length]}}}.", references[i % references.Length]),
                cancellationToken);
        }
        string[] all = [.. s_kinds.SelectMany(kind => kind.Answers)];
        yield return Judge(
            "mutated", count, threads, i => (Mutated($"\\boxed{{{all[i % all.Length]}}}", seed, i), all[i % all.Length]),
            cancellationToken);
    }

    private static MathMeasured Judge(
        string kind, int count, int threads, Func<int, (string Completion, string Reference)> pair,
        CancellationToken cancellationToken)
    {
        (string Completion, string Reference)[] pairs = [.. Enumerable.Range(0, count).Select(pair)];
        Array.ForEach(pairs[..Math.Min(Warmup, count)], one => IsRight(one.Completion, one.Reference));
        var slowest = new double[threads];
        long started = Stopwatch.GetTimestamp();
        Parallel.For(
            0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, thread =>
            {
                for (int i = thread; i < count; i += threads)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    long one = Stopwatch.GetTimestamp();
                    IsRight(pairs[i].Completion, pairs[i].Reference);
                    slowest[thread] = Math.Max(slowest[thread], Stopwatch.GetElapsedTime(one).TotalMilliseconds);
                }
            });
        return new MathMeasured(kind, count, count / Stopwatch.GetElapsedTime(started).TotalSeconds, slowest.Max());
    }

    private static bool IsRight(string completion, string reference) =>
        MathAnswer.Find(completion) is { } answer && MathEquality.AreEqual(answer, reference);

    /// <summary>A completion with a few characters replaced, added, removed or doubled.</summary>
    private static string Mutated(string completion, ulong seed, int index)
    {
        const string Characters = "0123456789+-*/^{}()[]\\,.$%!= xye_|:&abc";
        var random = new Philox(seed, Purpose.Other, item: (uint)index);
        List<char> text = [.. completion];
        uint next = 1;
        for (int changes = 1 + random.Below(0, 8); changes > 0; changes--)
        {
            int place = random.Below(next++, text.Count);
            char other = Characters[random.Below(next++, Characters.Length)];
            switch (random.Below(next++, 4))
            {
                case 0:
                    text[place] = other;
                    break;
                case 1:
                    text.Insert(place, other);
                    break;
                case 2 when text.Count > 1:
                    text.RemoveAt(place);
                    break;
                default:
                    text.InsertRange(
                        random.Below(next++, text.Count),
                        text[place..Math.Min(text.Count, place + 1 + random.Below(next++, 12))]);
                    break;
            }
        }
        return new string([.. text]);
    }
}
