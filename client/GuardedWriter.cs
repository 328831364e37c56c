using System.Text;

namespace Bgpo.Client;

/// <summary>Writes, and tells of what cannot be written instead of throwing it: that is dropped.</summary>
/// <param name="inner">Where to.</param>
/// <param name="failed">Told why, at each write that fails; may throw.</param>
internal sealed class GuardedWriter(TextWriter inner, Action<string> failed) : TextWriter
{
    private readonly Lock _gate = new();
    private bool _isCut;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(value.ToString());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(value ?? "");

    /// <inheritdoc/>
    /// <remarks>Lines tell what others wrote, too; what paints on a terminal uses the other methods.</remarks>
    public override void WriteLine(string? value) => Try(Format.Harmless(value ?? "") + inner.NewLine);

    private void Try(string text)
    {
        lock (_gate)
        {
            try
            {
                // A line that was cut off when the disk was full must not take up the next one.
                inner.Write(_isCut ? inner.NewLine + text : text);
                _isCut = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _isCut = true;
                // A descriptor that is closed comes as denied access, with the system's own words inside.
                failed(e is UnauthorizedAccessException { InnerException: { } system } ? system.Message : e.Message);
            }
        }
    }
}
