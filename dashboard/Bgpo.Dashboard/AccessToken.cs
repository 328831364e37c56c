using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Bgpo.Dashboard;

/// <summary>The secret by which a dashboard knows those who may see it.</summary>
public sealed partial class AccessToken
{
    private readonly byte[] _hash;

    private AccessToken(string text)
    {
        Text = text;
        _hash = Hash(text);
    }

    /// <summary>The token, for the link that is printed once.</summary>
    public string Text { get; }

    /// <summary>A random one of 256 bits.</summary>
    public static AccessToken New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));

    /// <summary>One that somebody chose.</summary>
    /// <param name="text">At least 32 letters, digits, dashes and underscores.</param>
    /// <returns>The token; null where it is not of that form.</returns>
    public static AccessToken? Parse(string text) => Form().IsMatch(text) ? new AccessToken(text) : null;

    /// <summary>Whether it is the token. Takes the same time for every wrong one.</summary>
    /// <param name="given">What was given; null: nothing.</param>
    public bool Matches(string? given) => CryptographicOperations.FixedTimeEquals(Hash(given ?? ""), _hash);

    // Of equal length whatever is given, so that the comparison says nothing of it.
    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    [GeneratedRegex("^[A-Za-z0-9_-]{32,512}$")]
    private static partial Regex Form();
}
