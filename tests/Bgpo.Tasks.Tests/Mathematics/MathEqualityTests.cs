using System.Globalization;
using System.Numerics;
using Bgpo.Tasks.Mathematics;
using FsCheck;
using FsCheck.Fluent;

namespace Bgpo.Tasks.Tests.Mathematics;

/// <summary>Answers are judged as a person would, whatever their notation and their order.</summary>
public sealed class MathEqualityTests
{
    private static readonly Config s_replayed = Config.QuickThrowOnFailure.WithReplay(20261129, 7).WithMaxTest(300);

    public static TheoryData<string, string> EqualPairs => Data(MathPairs.Equal);

    public static TheoryData<string, string> DifferentPairs => Data(MathPairs.Different);

    [Theory]
    [MemberData(nameof(EqualPairs))]
    public void TheSameAnswer_IsEqual_InBothOrders(string left, string right)
    {
        Assert.True(MathEquality.AreEqual(left, right));
        Assert.True(MathEquality.AreEqual(right, left));
    }

    [Theory]
    [MemberData(nameof(DifferentPairs))]
    public void AnotherAnswer_IsDifferent_InBothOrders(string left, string right)
    {
        Assert.False(MathEquality.AreEqual(left, right));
        Assert.False(MathEquality.AreEqual(right, left));
    }

    [Fact]
    public void WhatCanBeRead_EqualsItself()
    {
        IEnumerable<string> all = MathPairs.Equal.Concat(MathPairs.Different).SelectMany(pair => new[] { pair.Left, pair.Right });
        Assert.All(all.Where(MathEquality.CanRead), answer => Assert.True(MathEquality.AreEqual(answer, answer), answer));
    }

    [Fact]
    public void ANumber_IsTheSame_HoweverItIsWritten() => Prop.ForAll<int, byte>((number, decimals) =>
    {
        BigInteger scaled = (BigInteger)number * 7919;
        decimal value = (decimal)scaled / (decimal)Math.Pow(10, decimals % 7);
        string plain = value.ToString(CultureInfo.InvariantCulture);
        string[] spellings =
        [
            value.ToString("#,##0.#######", CultureInfo.InvariantCulture),
            value.ToString("0.#######", CultureInfo.InvariantCulture) + " dollars",
            "$" + plain + "$",
            value.ToString("#,##0.0000000", CultureInfo.InvariantCulture).Replace(",", "{,}", StringComparison.Ordinal),
            $@"\frac{{{scaled}}}{{{(long)Math.Pow(10, decimals % 7)}}}",
            $@"{scaled} \times 10^{{-{decimals % 7}}}",
            $"{scaled}e-{decimals % 7}",
            $@"\boxed{{{plain}}}",
        ];
        return spellings.All(spelling => MathEquality.AreEqual(plain, spelling)
            && !MathEquality.AreEqual((value + 1).ToString(CultureInfo.InvariantCulture), spelling));
    }).Check(s_replayed);

    [Fact]
    public void APolynomial_IsTheSame_HoweverItIsArranged() => Prop.ForAll(
        Gen.ArrayOf(Gen.Choose(-9, 9), 4).ToArbitrary(), Gen.ArrayOf(Gen.Choose(-9, 9), 3).ToArbitrary(), (p, q) =>
        {
            string product = $"({Polynomial(p)})({Polynomial(q)})";
            int[] expanded = new int[p.Length + q.Length - 1];
            foreach ((int i, int j) in
                from i in Enumerable.Range(0, p.Length) from j in Enumerable.Range(0, q.Length) select (i, j))
            {
                expanded[i + j] += p[i] * q[j];
            }
            string backwards = string.Join(" + ", expanded.Select((c, i) => $"x^{{{i}}} \\cdot ({c})").Reverse());
            int[] other = [.. expanded];
            other[p.Length % other.Length]++;
            return MathEquality.AreEqual(product, Polynomial(expanded)) && MathEquality.AreEqual(product, backwards)
                && MathEquality.AreEqual(backwards, product) && !MathEquality.AreEqual(product, Polynomial(other));
        }).Check(s_replayed);

    [Fact]
    public void AnyTwoTexts_AreComparedWithoutAnException_AndTheSameInBothOrders() => Prop.ForAll(
        Noise().ToArbitrary(), Noise().ToArbitrary(), (left, right) =>
            MathEquality.AreEqual(left, right) == MathEquality.AreEqual(right, left)
            && (!MathEquality.CanRead(left) || MathEquality.AreEqual(left, left))).Check(s_replayed.WithMaxTest(3000));

    /// <summary>What would take for ever, or all memory, where it is worked out.</summary>
    private static readonly string[] s_monsters =
    [
        "9**9**9", "9^{9^{9^{9}}}", "9^9^9^9^9^9^9^9", "-9**9**9**9", "10^{-10^{10^{10}}}", "(1+x)^{999999999999}", "2^{2^{64}}",
        "(a+b+c+d+e+f+g)^{1999}", "((((x+1)^{99})^{99})^{99})^{99}", "999999999!", "((9!)!)!", @"\binom{10^9}{5\cdot 10^8}",
        "1e999999999", "1e-99999999999999999999", "(x+y+z)^{200}(x-y)^{200}(y-z)^{200}", @"\sqrt[999999999]{2}",
        @"\sqrt[64]{" + new string('7', 900) + "}", string.Join("^", Enumerable.Repeat("2", 400)), new string('9', 990),
        new string('(', 400) + "1" + new string(')', 400),
        string.Concat(Enumerable.Repeat(@"\frac{1}{1+", 60)) + "x" + new string('}', 60),
        string.Concat(Enumerable.Repeat(@"\sqrt{2+", 80)) + "2" + new string('}', 80), new string('-', 900) + "1",
        string.Join(",", Enumerable.Range(0, 200)),
        @"\{" + string.Join(",", Enumerable.Range(0, 99).Select(i => $"x^{{{i}}}")) + @"\}",
        string.Join("+", Enumerable.Range(0, 120).Select(i => $@"\sin(x_{{{i}}})")), new string('!', 900),
        "3" + new string('!', 900),
        string.Concat(Enumerable.Repeat("|", 900)), new string('{', 1000), string.Concat(Enumerable.Repeat(@"\text{", 150)),
        string.Concat(Enumerable.Repeat("(x+1)", 190)), "1/" + string.Join("/", Enumerable.Repeat("(x-y)", 150)),
        string.Join(@"\pm", Enumerable.Repeat("1", 200)), new string('9', 2_000_000), new string('{', 2_000_000),
        string.Concat(Enumerable.Repeat("1+", 1_000_000)), string.Concat(Enumerable.Repeat(@"\frac", 500_000)),
    ];

    public static TheoryData<int> Monsters => [.. Enumerable.Range(0, s_monsters.Length)];

    [Theory]
    [MemberData(nameof(Monsters))]
    public void AMonster_IsComparedInBoundedTimeAndSize(int number)
    {
        string monster = s_monsters[number];
        string[] others = ["5", "x+1", monster, monster + "+1", "1+" + monster, "9^{9^{9^{8}}}", "-" + monster, $"({monster})"];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (string other in others)
        {
            Assert.Equal(MathEquality.AreEqual(monster, other), MathEquality.AreEqual(other, monster));
        }
        Assert.False(MathEquality.AreEqual(monster, "5"));
        // A comparison that is bounded comes to an end, and leaves little behind.
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1L << 30);
    }

    private static TheoryData<string, string> Data((string, string)[] pairs)
    {
        TheoryData<string, string> data = [];
        foreach ((string left, string right) in pairs)
        {
            data.Add(left, right);
        }
        return data;
    }

    private static string Polynomial(int[] coefficients) =>
        string.Join("+", coefficients.Select((c, i) => i == 0 ? $"({c})" : i == 1 ? $"({c})x" : $"({c})x^{i}"));

    /// <summary>Scraps of mathematics in any order.</summary>
    private static Gen<string> Noise() => Gen.Elements(
        "1", "2", "10", "0.5", "1,234", "x", "y", "e", "i", "+", "-", "*", "/", "^", "^{", "}", "{", "(", ")", "[", "]", ",", ";",
        "=", "<", @"\le", @"\frac{1}{2}", @"\frac", @"\sqrt", @"\sqrt[3]{", @"\pi", @"\pm", @"\text{cm}", @"\text{ and }", " ", "%",
        "!", "_", "|", ":", "cm", "dollars", "and", @"\infty", @"\cup", @"\{", @"\}", @"\sin", @"\log_2", @"^\circ", "$", @"\\", "&",
        @"\begin{pmatrix}", @"\end{pmatrix}", @"\left(", @"\right)", "½", "é", "\ud83d", "#", "\0").ArrayOf()
        .Select(string.Concat);
}
