namespace Bgpo.Tasks.Mathematics;

/// <summary>A place among the tokens of an answer, which a parser moves on.</summary>
/// <param name="tokens">The tokens.</param>
internal abstract class TokenReader(List<MathToken> tokens)
{
    /// <summary>What a parser gives back after it has failed.</summary>
    private static readonly MathNode s_nothing = new WordsNode("");

    private int _place;

    /// <summary>The token here; none behind the last.</summary>
    protected MathToken Now => At(0);

    /// <summary>The token before this one.</summary>
    protected MathToken Before => At(-1);

    /// <summary>Whether no token is left.</summary>
    protected bool IsAtEnd => _place >= tokens.Count;

    /// <summary>Whether the tokens are no answer.</summary>
    protected bool HasFailed { get; private set; }

    /// <summary>The token some places ahead.</summary>
    /// <param name="ahead">Places.</param>
    protected MathToken At(int ahead) => _place + ahead >= 0 && _place + ahead < tokens.Count ? tokens[_place + ahead] : default;

    /// <summary>Moves on.</summary>
    /// <param name="places">How many tokens.</param>
    protected void Move(int places = 1) => _place += places;

    /// <summary>Gives up: moves behind the last token, so that every loop ends.</summary>
    protected MathNode Fail()
    {
        HasFailed = true;
        _place = tokens.Count;
        return s_nothing;
    }

    /// <summary>Moves past a sign if it is here.</summary>
    /// <param name="sign">The sign.</param>
    protected bool Skip(string sign)
    {
        bool isThere = Now.Is(sign);
        _place += isThere ? 1 : 0;
        return isThere;
    }
}
