using System.Globalization;
using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>Reads a number as people write it: 1,234.5, 1{,}234, 10\,000, .5, 6.02e23, 0.1\overline{6}.</summary>
internal static class MathNumeral
{
    /// <summary>Largest power of ten in scientific notation that becomes a number at once; beyond it stays a power.</summary>
    private const int MaxExponent = 400;

    private const string Overline = "\\overline{";

    /// <summary>Reads one number and adds its tokens: one, or a power of ten where the exponent is large.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the number begins: a digit, or a point before one.</param>
    /// <param name="commasGroup">Whether 1,234 is one number.</param>
    /// <param name="tokens">Takes the tokens.</param>
    /// <returns>Characters read.</returns>
    public static int Read(string text, int start, bool commasGroup, List<MathToken> tokens)
    {
        int place = start;
        string whole = Digits(text, ref place);
        whole = whole.Length is 1 or 2 or 3 ? Grouped(text, ref place, whole, commasGroup) : whole;
        string part = "";
        if (place + 1 < text.Length && text[place] == '.' && char.IsAsciiDigit(text[place + 1]))
        {
            place++;
            part = Digits(text, ref place);
        }
        Rational value = Decimal(whole, part);
        if (Repeated(text, ref place, part.Length > 0) is { Length: > 0 } repeated)
        {
            BigInteger nines = BigInteger.Pow(10, repeated.Length) - 1;
            value += Rational.Of(
                BigInteger.Parse(repeated, CultureInfo.InvariantCulture), nines * BigInteger.Pow(10, part.Length));
        }
        AddScaled(text, ref place, value, tokens);
        return place - start;
    }

    private static string Digits(string text, ref int place)
    {
        int start = place;
        while (place < text.Length && char.IsAsciiDigit(text[place]))
        {
            place++;
        }
        return text[start..place];
    }

    /// <summary>Appends groups of exactly three digits, each after a separator.</summary>
    private static string Grouped(string text, ref int place, string whole, bool commasGroup)
    {
        while (true)
        {
            int after = place + Separator(text, place, commasGroup);
            int end = after;
            string group = after > place ? Digits(text, ref end) : "";
            bool isSpace = after == place + 1 && text[place] == ' ';
            if (group.Length != 3 || (isSpace && end < text.Length && text[end] is '/' or '.' or '\\'))
            {
                return whole;
            }
            whole += group;
            place = end;
        }
    }

    /// <summary>Length of the thousands separator at a place; 0 for none.</summary>
    private static int Separator(string text, int place, bool commasGroup)
    {
        ReadOnlySpan<char> rest = text.AsSpan(place);
        int length = rest.StartsWith("{,}") ? 3
            : rest.StartsWith(",\\!") ? 3
            : rest.StartsWith("\\,") ? 2
            : commasGroup && rest.StartsWith(",") ? 1
            : commasGroup && rest is [' ' or '\u00a0' or '\u2009' or '\u202f', ..] ? 1
            : 0;
        if (length == 3 && rest[0] == ',')
        {
            while (length < rest.Length && rest[length] == ' ')
            {
                length++;
            }
        }
        return length;
    }

    private static Rational Decimal(string whole, string part)
    {
        if (whole.Length + part.Length <= 18)
        {
            long digits = long.Parse("0" + whole + part, CultureInfo.InvariantCulture);
            return part.Length == 0 ? (BigInteger)digits : Rational.Of(digits, BigInteger.Pow(10, part.Length));
        }
        return Rational.Of(
            BigInteger.Parse("0" + whole + part, CultureInfo.InvariantCulture), BigInteger.Pow(10, part.Length));
    }

    /// <summary>The digits under a bar, as in 0.1\overline{6}; empty for none.</summary>
    private static string Repeated(string text, ref int place, bool hasPart)
    {
        int next = !hasPart && place < text.Length && text[place] == '.' ? place + 1 : place;
        if ((!hasPart && next == place) || string.CompareOrdinal(text, next, Overline, 0, Overline.Length) != 0)
        {
            return "";
        }
        int end = next + Overline.Length;
        string digits = Digits(text, ref end);
        if (digits.Length == 0 || end >= text.Length || text[end] != '}')
        {
            return "";
        }
        place = end + 1;
        return digits;
    }

    private static void AddScaled(string text, ref int place, Rational value, List<MathToken> tokens)
    {
        int end = place + 1;
        bool isNegative = false;
        string exponent = "";
        if (place < text.Length && text[place] is 'e' or 'E')
        {
            isNegative = end < text.Length && text[end] == '-';
            end += isNegative || (end < text.Length && text[end] == '+') ? 1 : 0;
            exponent = Digits(text, ref end);
        }
        if (exponent.Length == 0 || (end < text.Length && char.IsLetter(text[end])))
        {
            tokens.Add(new MathToken(TokenKind.Number, value.ToString(), value));
            return;
        }
        place = end;
        BigInteger power = BigInteger.Parse(exponent, CultureInfo.InvariantCulture);
        if (power <= MaxExponent)
        {
            Rational scale = BigInteger.Pow(10, (int)power);
            value = isNegative ? value / scale : value * scale;
            tokens.Add(new MathToken(TokenKind.Number, value.ToString(), value));
            return;
        }
        MathToken Sign(string sign) => new(TokenKind.Sign, sign);
        tokens.AddRange(
        [
            Sign("("), new MathToken(TokenKind.Number, value.ToString(), value), Sign("*"),
            new MathToken(TokenKind.Number, "10", 10), Sign("^"), Sign("("), Sign(isNegative ? "-" : "+"),
            new MathToken(TokenKind.Number, power.ToString(CultureInfo.InvariantCulture), power), Sign(")"), Sign(")"),
        ]);
    }
}
