using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Tests;

/// <summary>The tokenizer of the small tasks.</summary>
public sealed class CharacterTokenizerTests
{
    private static readonly CharacterTokenizer s_tokenizer = new("0123");

    [Fact]
    public void APrompt_IsFramedByBeginAndSeparator() => Assert.Equal([6, 3, 0, 7], s_tokenizer.EncodePrompt("30"));

    [Fact]
    public void AResponse_IsPaddedWithEnds_AndReadUpToTheFirst()
    {
        Assert.Equal([1, 2, 5, 5], s_tokenizer.EncodeResponse("12", 4));
        Assert.Equal([1, 2], s_tokenizer.EncodeResponse("12", 2));
        Assert.Equal("12", s_tokenizer.Decode([1, 2, 5, 3]));
        Assert.Equal("1[MASK][BOS][SEP]2", s_tokenizer.Decode([1, 4, 6, 7, 2]));
        Assert.Equal("", s_tokenizer.Decode([5]));
    }

    [Fact]
    public void SpecialTokens_FollowTheCharacters() =>
        Assert.Equal((8, 4, 5), (s_tokenizer.Vocabulary, s_tokenizer.MaskToken, s_tokenizer.EndToken));

    [Fact]
    public void ItsJson_MakesItAgain()
    {
        var arithmetic = new CharacterTokenizer(CharacterTokenizer.Arithmetic);
        CharacterTokenizer again = CharacterTokenizer.Parse(arithmetic.ToJson(), "t");
        Assert.Equal(arithmetic.EncodePrompt(CharacterTokenizer.Arithmetic), again.EncodePrompt(CharacterTokenizer.Arithmetic));
        Assert.Equal(23, again.Vocabulary);
    }

    [Fact]
    public void AnUnknownCharacter_IsNamedWithItsPlace() => Assert.Contains(
        "'12x' has the character 'x' at place 3",
        Assert.Throws<ModelException>(() => s_tokenizer.EncodePrompt("12x")).Message, StringComparison.Ordinal);

    [Fact]
    public void AnAnswerThatDoesNotFit_IsNamedWithItsLength() => Assert.Contains(
        "the answer '123' has 3 tokens; the response length is 2",
        Assert.Throws<ModelException>(() => s_tokenizer.EncodeResponse("123", 2)).Message, StringComparison.Ordinal);
}
