using System.Buffers;
using System.Text;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Cuts an answer into tokens: LaTeX, plain text, or a mixture. One pass; what only changes the looks is dropped.
/// </summary>
internal sealed class MathLexer
{
    private static readonly SearchValues<char> s_vowels = SearchValues.Create("aeiouAEIOU");

    /// <summary>Longest answer that is read as mathematics, in characters.</summary>
    public const int MaxLength = 1000;

    /// <summary>Deepest nesting of text in text.</summary>
    private const int MaxTextDepth = 4;

    private readonly string _text;
    private readonly bool _commasGroup;
    private readonly int _textDepth;
    private readonly List<MathToken> _tokens;

    /// <summary>Brace depths at which a first argument of \frac ends, after which a single digit may be the second one.</summary>
    private readonly Stack<int> _firstArguments = new();
    private int _place;
    private int _braces;
    private int _brackets;
    private int _matrices;

    private MathLexer(string text, bool commasGroup, int textDepth, List<MathToken> tokens)
    {
        (_text, _commasGroup, _textDepth, _tokens) = (text, commasGroup, textDepth, tokens);
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">An answer.</param>
    /// <param name="commasGroup">Whether 1,234 outside brackets is one number; else it is two.</param>
    /// <returns>The tokens, or null where the text is too long or has a character that mathematics has not.</returns>
    public static List<MathToken>? TryRead(string text, bool commasGroup)
    {
        List<MathToken> tokens = [];
        return text.Length <= MaxLength && new MathLexer(text, commasGroup, 0, tokens).Read() ? tokens : null;
    }

    private bool Read()
    {
        while (_place < _text.Length)
        {
            char c = _text[_place];
            if (char.IsWhiteSpace(c) || c is '$' or '~' or '"' or '`' or '“' or '”' or '\u200b')
            {
                _place++;
            }
            else if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(At(1))))
            {
                _place += MathNumeral.Read(_text, _place, _commasGroup && _brackets == 0, _tokens);
            }
            else if (c == '\\')
            {
                if (!TryCommand())
                {
                    return false;
                }
            }
            else if (MathSpelling.Characters.TryGetValue(c, out MathToken token))
            {
                _tokens.Add(token);
                _place++;
            }
            else if (char.IsLetter(c))
            {
                ReadLetters();
            }
            else if (!TrySign(c))
            {
                return false;
            }
        }
        return true;
    }

    private char At(int ahead) => _place + ahead < _text.Length ? _text[_place + ahead] : '\0';

    private void Add(string sign)
    {
        _tokens.Add(new MathToken(TokenKind.Sign, sign));
    }

    private bool TrySign(char c)
    {
        (string? sign, int length) = (c, At(1)) switch
        {
            ('*', '*') => ("^", 2),
            ('<', '=') => ("≤", 2),
            ('>', '=') => ("≥", 2),
            ('!', '=') => ("≠", 2),
            ('=', '=') => ("=", 2),
            ('²', _) => ("^2", 1),
            ('³', _) => ("^3", 1),
            ('.', '.') => (null, 1),
            ('.' or '\'' or '’' or '‘' or '?', _) => ("", 1),
            _ => "+-*/^_!()[]{}|,;:=<>%&".Contains(c, StringComparison.Ordinal) ? (c.ToString(), 1) : (null, 0),
        };
        _place += length;
        switch (sign)
        {
            case null when length == 0:
                return false;
            case null:
                _tokens.Add(new MathToken(TokenKind.Symbol, "dots"));
                _place += At(0) == '.' ? 1 : 0;
                _place += At(0) == '.' ? 1 : 0;
                return true;
            case "":
                AddPrime(c);
                return true;
            case "^2" or "^3":
                Add("^");
                _tokens.Add(new MathToken(TokenKind.Number, sign[1..], sign[1] - '0'));
                return true;
            case "{" or "}":
                AddBrace(sign);
                return true;
            default:
                _brackets += sign is "(" or "[" ? 1 : sign is ")" or "]" && _brackets > 0 ? -1 : 0;
                Add(sign);
                return true;
        }
    }

    /// <summary>f' is another name than f; any other quotation mark is dropped.</summary>
    private void AddPrime(char c)
    {
        if (c is '\'' or '’' && _place >= 2 && char.IsAsciiLetter(_text[_place - 2]) && _tokens[^1].Kind == TokenKind.Symbol)
        {
            _tokens[^1] = _tokens[^1] with { Text = _tokens[^1].Text + "'" };
        }
    }

    private void AddBrace(string brace)
    {
        Add(brace);
        if (brace == "{")
        {
            _braces++;
            return;
        }
        _braces--;
        if (_firstArguments.TryPeek(out int depth) && depth == _braces)
        {
            _firstArguments.Pop();
            TryDigitArgument();
        }
    }

    /// <summary>\frac12 and \frac{1}2: a bare digit is a whole argument.</summary>
    private bool TryDigitArgument()
    {
        SkipSpaces();
        if (!char.IsAsciiDigit(At(0)))
        {
            return false;
        }
        Add("{");
        _tokens.Add(new MathToken(TokenKind.Number, _text[_place].ToString(), _text[_place] - '0'));
        Add("}");
        _place++;
        return true;
    }

    private void SkipSpaces()
    {
        while (char.IsWhiteSpace(At(0)))
        {
            _place++;
        }
    }

    private bool TryCommand()
    {
        if (!char.IsAsciiLetter(At(1)))
        {
            return TryEscape(At(1));
        }
        int end = _place + 1;
        while (end < _text.Length && char.IsAsciiLetter(_text[end]))
        {
            end++;
        }
        string name = _text[(_place + 1)..end];
        _place = end;
        if (MathSpelling.Ignored.Contains(name))
        {
            return true;
        }
        if (MathSpelling.TextCommands.Contains(name))
        {
            return TryText();
        }
        if (name is "begin" or "end")
        {
            return TryEnvironment(name == "begin");
        }
        AddCommand(name);
        return true;
    }

    private void AddCommand(string name)
    {
        MathToken token = MathSpelling.Commands.TryGetValue(name, out MathToken known) ? known
            : new MathToken(MathSpelling.Functions.Contains(name) ? TokenKind.Function : TokenKind.Symbol, name);
        _tokens.Add(token);
        if (token.Kind == TokenKind.Sign)
        {
            _brackets += token.Text is "\\{" or "[" or "⟨" ? 1 : token.Text is "\\}" or "]" or "⟩" && _brackets > 0 ? -1 : 0;
        }
        else if (token.Text is "frac" or "binom" && token.Kind == TokenKind.Function)
        {
            if (TryDigitArgument())
            {
                TryDigitArgument();
            }
            else if (At(0) == '{')
            {
                _firstArguments.Push(_braces);
            }
        }
    }

    private bool TryEscape(char escaped)
    {
        _place += 2;
        switch (escaped)
        {
            case '\\' when _matrices > 0:
                Add("\\\\");
                return true;
            case '\\' when char.IsAsciiLetter(At(0)):
                _place--; // a backslash that was escaped once too often
                return true;
            case '%' or '&' or '_':
                Add(escaped.ToString());
                return true;
            case '{' or '}':
                _brackets += escaped == '{' ? 1 : _brackets > 0 ? -1 : 0;
                Add("\\" + escaped);
                return true;
            case '|':
                Add("|");
                return true;
            case '\0':
                _place--;
                return true;
            default:
                return escaped is '$' or ',' or ';' or ':' or '!' or '\\' or '(' or ')' or '[' or ']' or '>' or '/' or '-' or '\''
                    || char.IsWhiteSpace(escaped);
        }
    }

    private bool TryEnvironment(bool isBegin)
    {
        int open = _text.IndexOf('{', _place);
        int close = open < 0 ? -1 : _text.IndexOf('}', open);
        if (close < 0 || !string.IsNullOrWhiteSpace(_text[_place..open]))
        {
            return false;
        }
        string name = _text[(open + 1)..close].Trim();
        if (!MathSpelling.Matrices.Contains(name))
        {
            return false;
        }
        _place = close + 1;
        if (name == "array" && isBegin && At(0) == '{')
        {
            close = _text.IndexOf('}', _place);
            _place = close < 0 ? _text.Length : close + 1;
        }
        _matrices += isBegin ? 1 : -1;
        _tokens.Add(new MathToken(isBegin ? TokenKind.Begin : TokenKind.End, "matrix"));
        return true;
    }

    /// <summary>What \text{...} holds: mathematics where it has a digit or a command, else a name or words.</summary>
    private bool TryText()
    {
        SkipSpaces();
        if (At(0) != '{')
        {
            return true;
        }
        int depth = 0;
        int end = _place;
        do
        {
            depth += _text[end] == '{' ? 1 : _text[end] == '}' ? -1 : 0;
            end++;
        }
        while (depth > 0 && end < _text.Length);
        if (depth > 0)
        {
            return false;
        }
        string content = _text[(_place + 1)..(end - 1)];
        _place = end;
        if (content.AsSpan().ContainsAnyInRange('0', '9') || content.Contains('\\', StringComparison.Ordinal))
        {
            return _textDepth < MaxTextDepth && new MathLexer(content, _commasGroup, _textDepth + 1, _tokens).Read();
        }
        AddWords(content.Trim(' ', '\t', '\n', '\r', '.', ',', ';', ':', '(', ')', '$', '~', '\'', '"'));
        return true;
    }

    private void AddWords(string words)
    {
        if (words.Length == 0)
        {
            return;
        }
        bool isAfterValue = _tokens.Count > 0
            && (_tokens[^1].Kind == TokenKind.Number || _tokens[^1].Is("}") || _tokens[^1].Is(")"));
        _tokens.Add(
            words.Length == 1 && char.IsAsciiLetter(words[0]) && !(isAfterValue && Units.IsKnown(words))
                ? new MathToken(TokenKind.Symbol, words)
            : MathSpelling.Functions.Contains(words) ? new MathToken(TokenKind.Function, words)
            : MathSpelling.Words.TryGetValue(words.ToLowerInvariant(), out MathToken known) ? known
            : new MathToken(TokenKind.Word, Collapse(words)));
    }

    /// <summary>Letters of plain text: a function, words, or variables side by side.</summary>
    private void ReadLetters()
    {
        int start = _place;
        while (char.IsLetter(At(0)))
        {
            _place++;
        }
        string run = _text[start.._place];
        if (run.Length == 1)
        {
            _tokens.Add(new MathToken(TokenKind.Symbol, run));
        }
        else if (MathSpelling.Functions.Contains(run))
        {
            _tokens.Add(new MathToken(TokenKind.Function, run));
        }
        else if (MathSpelling.Words.TryGetValue(run.ToLowerInvariant(), out MathToken known))
        {
            _tokens.Add(known);
        }
        else if (IsWord(run, start))
        {
            _tokens.Add(new MathToken(TokenKind.Word, run.ToLowerInvariant()));
        }
        else
        {
            foreach (char letter in run)
            {
                _tokens.Add(new MathToken(TokenKind.Symbol, letter.ToString()));
            }
        }
    }

    /// <summary>Letters that stand alone and can be said, or name a unit; abc in a fraction is a product.</summary>
    private bool IsWord(string run, int start)
    {
        bool standsAlone = (start == 0 || _text[start - 1] is ' ' or '\n' or '\t' or '-' or '/' or '$' or '"' or '\u00a0'
                || char.IsAsciiDigit(_text[start - 1]))
            && (At(0) is '\0' or ' ' or '\n' or '\t' or '-' or '.' or ',' or ';' or ':' or '?' or '/' or '$' or '"' or '²' or '³'
                || (At(0) == '^' && Units.IsKnown(run)));
        return !char.IsAscii(run[0])
            || (standsAlone && (Units.IsKnown(run) || (run.Length >= 3 && run.AsSpan().ContainsAny(s_vowels))
                || run is "no" or "NO" or "No" or "is" or "of" or "to" or "at" or "am" or "pm" or "AM" or "PM"));
    }

    private static string Collapse(string words)
    {
        StringBuilder text = new(words.Length);
        foreach (char c in words)
        {
            if (!char.IsWhiteSpace(c) && c != '~')
            {
                text.Append(char.ToLowerInvariant(c));
            }
            else if (text.Length > 0 && text[^1] != ' ')
            {
                text.Append(' ');
            }
        }
        return text.ToString();
    }
}
