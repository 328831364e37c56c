using System.Collections.Frozen;

namespace Bgpo.Tasks.Mathematics;

/// <summary>How mathematics is spelled: LaTeX commands, Unicode signs and words, and what they stand for.</summary>
internal static class MathSpelling
{
    /// <summary>A sign, then the commands and characters that stand for it.</summary>
    private const string SignSpellings = """
        * cdot times ast bullet × · ⋅ ∙ ∗
        / div over ÷ ⁄
        - − – — ‐ ‑
        ± pm
        ∓ mp
        ≤ leq le leqslant
        ≥ geq ge geqslant
        < lt
        > gt
        ≠ neq ne
        ≈ approx simeq
        ∈ in
        ∪ cup bigcup
        ∩ cap
        ∖ setminus backslash
        : colon
        and land wedge lor vee
        ° circ degree º
        ⟨ langle
        ⟩ rangle
        ⌊ lfloor
        ⌋ rfloor
        ⌈ lceil
        ⌉ rceil
        | lvert rvert vert mid
        [ lbrack
        ] rbrack
        \{ lbrace
        \} rbrace
        """;

    /// <summary>A symbol's name, then the commands and characters that stand for it.</summary>
    private const string SymbolSpellings = """
        infinity infty ∞
        emptyset varnothing ∅
        dots ldots cdots dotsc …
        pi π
        theta vartheta θ
        alpha α
        beta β
        epsilon varepsilon
        phi varphi
        """;

    /// <summary>A function's name, then the commands and characters that stand for it.</summary>
    private const string FunctionSpellings = """
        frac dfrac tfrac cfrac
        binom dbinom tbinom
        sqrt √
        """;

    private const string WordSpellings = """
        euro €
        yen ¥
        cents ¢
        """;

    private const string FunctionNames =
        "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp sqrt abs";

    private const string IgnoredCommands = """
        left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle scriptstyle limits
        nolimits quad qquad thinspace enspace medspace thickspace negthinspace boxed fbox rm bf it mathstrut strut hfill hline
        nobreak allowbreak ensuremath therefore mathbf mathit mathsf mathcal mathbb mathop boldsymbol bm vec hat widehat overline
        bar overrightarrow underline
        """;

    private const string TextNames =
        "text textbf textit textrm textsf texttt textnormal mbox hbox mathrm mathtt operatorname emph unit";

    /// <summary>Functions of one argument, by the name without a backslash.</summary>
    public static readonly FrozenSet<string> Functions = Names(FunctionNames);

    /// <summary>LaTeX commands that change only how things look.</summary>
    public static readonly FrozenSet<string> Ignored = Names(IgnoredCommands);

    /// <summary>LaTeX commands whose argument is text or upright letters.</summary>
    public static readonly FrozenSet<string> TextCommands = Names(TextNames);

    /// <summary>Matrix environments that are read; a determinant (vmatrix) is none.</summary>
    public static readonly FrozenSet<string> Matrices =
        Names("matrix pmatrix bmatrix Bmatrix smallmatrix psmallmatrix array");

    /// <summary>LaTeX commands that stand for a sign, a function or a symbol, by the name without a backslash.</summary>
    public static readonly FrozenDictionary<string, MathToken> Commands =
        All().Where(pair => char.IsAsciiLetter(pair.Spelling[0])).ToFrozenDictionary(pair => pair.Spelling, pair => pair.Token);

    /// <summary>Characters that stand for a sign or the like; ASCII signs are their own.</summary>
    public static readonly FrozenDictionary<char, MathToken> Characters = All()
        .Where(pair => pair.Spelling.Length == 1 && !char.IsAscii(pair.Spelling[0]))
        .Select(pair => (pair.Spelling[0], pair.Token))
        .Concat("½1/2 ⅓1/3 ⅔2/3 ¼1/4 ¾3/4 ⅕1/5 ⅛1/8".Split(' ').Select(part => (part[0], Part(part[1..]))))
        .Append(('£', new MathToken(TokenKind.Word, "pound sterling")))
        .ToFrozenDictionary(pair => pair.Item1, pair => pair.Item2);

    /// <summary>Words of plain text that are signs or symbols.</summary>
    public static readonly FrozenDictionary<string, MathToken> Words = new Dictionary<string, MathToken>
    {
        ["and"] = new(TokenKind.Sign, "and"),
        ["or"] = new(TokenKind.Sign, "and"),
        ["pi"] = new(TokenKind.Symbol, "pi"),
        ["infinity"] = new(TokenKind.Symbol, "infinity"),
        ["inf"] = new(TokenKind.Symbol, "infinity"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static FrozenSet<string> Names(string names) =>
        names.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    private static IEnumerable<(string Spelling, MathToken Token)> All() =>
    [
        .. Spellings(TokenKind.Sign, SignSpellings), .. Spellings(TokenKind.Symbol, SymbolSpellings),
        .. Spellings(TokenKind.Function, FunctionSpellings), .. Spellings(TokenKind.Word, WordSpellings),
    ];

    private static IEnumerable<(string Spelling, MathToken Token)> Spellings(TokenKind kind, string table) =>
        from line in table.Split('\n')
        let names = line.Split(' ')
        from name in names
        where name != "and"
        select (name, new MathToken(kind, names[0]));

    private static MathToken Part(string fraction) =>
        new(TokenKind.Number, fraction, Rational.Of(fraction[0] - '0', fraction[2] - '0'));
}
