using System.Text.Json;

namespace Bgpo.Tasks.Code;

/// <summary>What the tests say of a program.</summary>
/// <param name="Passed">Tests passed.</param>
/// <param name="Total">Tests there are.</param>
/// <param name="Info">What failed first; empty: nothing.</param>
/// <param name="Broken">Why the tests themselves cannot run; empty: they can.</param>
internal sealed record Verdict(int Passed, int Total, string Info, string Broken)
{
    /// <summary>Reads a verdict.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="nonce">What it must name to count.</param>
    public static Verdict Parse(ReadOnlySpan<byte> json, string nonce)
    {
        Form? form = null;
        try
        {
            form = JsonSerializer.Deserialize<Form>(json, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            // Said below.
        }
        return form?.Nonce == nonce ? new Verdict(form.Passed, form.Total, form.Info, form.Broken)
            : new Verdict(0, 1, "the tests' sandbox sent a verdict that is not its own", "");
    }

    private sealed record Form(string Nonce, int Passed, int Total, string Info, string Broken);
}
