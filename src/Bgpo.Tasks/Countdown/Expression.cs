namespace Bgpo.Tasks.Countdown;

/// <summary>An arithmetic expression as a model wrote it, judged by exact arithmetic.</summary>
/// <remarks>
/// <code>
/// sum     = product (('+' | '-') product)*
/// product = atom (('*' | '/') atom)*
/// atom    = number | '(' sum ')'
/// number  = 1 to 6 ASCII digits, the first not 0 unless alone
/// </code>
/// Spaces may stand between any two of these, never inside a number. There are no signs before a number. Text longer than
/// <see cref="MaxLength"/> or nested deeper than <see cref="MaxDepth"/> is no expression, so parsing costs little on any input.
/// </remarks>
internal sealed class Expression
{
    /// <summary>Longest text that is looked at.</summary>
    public const int MaxLength = 64;

    /// <summary>Deepest nesting of parentheses.</summary>
    public const int MaxDepth = 8;

    private const int MaxDigits = 6;

    private readonly string _text;
    private readonly List<int> _numbers = [];
    private int _place;
    private int _depth;

    private Expression(string text) => _text = text;

    /// <summary>The numbers, in the order written.</summary>
    public IReadOnlyList<int> Numbers => _numbers;

    /// <summary>The value; its denominator is 0 where the expression divides by zero.</summary>
    public Rational Value { get; private set; }

    /// <summary>Parses the whole text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The expression, or null where the text is none.</returns>
    public static Expression? TryParse(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }
        Expression expression = new(text);
        if (!expression.TrySum(out Rational value) || expression.Peek() != '\0' || expression._place < text.Length)
        {
            return null;
        }
        expression.Value = value;
        return expression;
    }

    private bool TrySum(out Rational value)
    {
        if (!TryProduct(out value))
        {
            return false;
        }
        while (Peek() is '+' or '-')
        {
            char sign = _text[_place++];
            if (!TryProduct(out Rational right))
            {
                return false;
            }
            value = Rational.Apply(sign, value, right);
        }
        return true;
    }

    private bool TryProduct(out Rational value)
    {
        if (!TryAtom(out value))
        {
            return false;
        }
        while (Peek() is '*' or '/')
        {
            char sign = _text[_place++];
            if (!TryAtom(out Rational right))
            {
                return false;
            }
            value = Rational.Apply(sign, value, right);
        }
        return true;
    }

    private bool TryAtom(out Rational value)
    {
        if (Peek() != '(')
        {
            return TryNumber(out value);
        }
        value = default;
        if (_depth == MaxDepth)
        {
            return false;
        }
        _place++;
        _depth++;
        if (!TrySum(out value) || Peek() != ')')
        {
            return false;
        }
        _place++;
        _depth--;
        return true;
    }

    private bool TryNumber(out Rational value)
    {
        int start = _place;
        while (_place < _text.Length && char.IsAsciiDigit(_text[_place]))
        {
            _place++;
        }
        int digits = _place - start;
        if (digits is < 1 or > MaxDigits || (digits > 1 && _text[start] == '0'))
        {
            value = default;
            return false;
        }
        int number = int.Parse(_text.AsSpan(start, digits));
        _numbers.Add(number);
        value = new Rational(number, 1);
        return true;
    }

    /// <summary>The next character that is no space; NUL at the end.</summary>
    private char Peek()
    {
        while (_place < _text.Length && _text[_place] == ' ')
        {
            _place++;
        }
        return _place < _text.Length ? _text[_place] : '\0';
    }
}
