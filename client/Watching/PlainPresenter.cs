using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Plain lines, for logs and pipes.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="quiet">Leaves out the steps.</param>
internal sealed class PlainPresenter(Terminal terminal, bool quiet) : IRunPresenter
{
    private readonly PlainLines _lines = new();

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        if (_lines.Of(happened) is { } line && !(quiet && happened is StepCommitted or CheckpointSaved))
        {
            terminal.Out.WriteLine(line);
        }
    }

    /// <inheritdoc/>
    public void Say(string message) => terminal.Error.WriteLine("bgpo: " + message);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
