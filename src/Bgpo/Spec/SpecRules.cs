namespace Bgpo.Spec;

/// <summary>A rule that ties several fields together and does not hold.</summary>
/// <param name="Fields">Fields involved, relative to the section (<c>blockLength</c>, <c>objective.minibatches</c>); the error
/// names the first.</param>
/// <param name="Message">What is allowed.</param>
public sealed record Violation(IReadOnlyList<string> Fields, string Message);

/// <summary>A part of a spec whose fields must fit together. Checked after each field has passed its own limits.</summary>
public interface IRuled
{
    /// <summary>The rules that do not hold; none when the section is good.</summary>
    IEnumerable<Violation> Violations();
}

/// <summary>The arithmetic that several sections share.</summary>
internal static class SpecRules
{
    /// <summary>Decoding of <paramref name="length"/> tokens, block by block, in a number of denoising steps.</summary>
    internal static IEnumerable<Violation> Decoding(
        int length, int block, int steps, string stepsField, string lengthField, string blockField)
    {
        if (length % block != 0)
        {
            yield return new([blockField, lengthField],
                $"must divide {lengthField} ({length}); choose one of {Divisors(length)}");
            yield break;
        }

        var blocks = length / block;
        if (steps % blocks != 0)
        {
            yield return new([stepsField, blockField, lengthField],
                $"a multiple of the number of blocks ({length} / {block} = {blocks})");
        }
        else if (steps > length)
        {
            yield return new([stepsField, lengthField, blockField],
                $"at most {lengthField} ({length}): each step decodes a token or more");
        }
    }

    /// <summary>The divisors of a number, for an error message; the largest ones when they are many.</summary>
    internal static string Divisors(int number)
    {
        var all = Enumerable.Range(1, number).Where(d => number % d == 0).ToArray();
        return all.Length <= 12 ? string.Join(", ", all) : "…, " + string.Join(", ", all[^11..]);
    }
}
