using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>JSON lines, for scripts.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="peakRssMiB">This process's peak memory when asked; null where another one trained.</param>
internal sealed class JsonPresenter(Terminal terminal, Func<double?> peakRssMiB) : IRunPresenter
{
    /// <inheritdoc/>
    public void On(RunEvent happened) =>
        terminal.Out.WriteLine(JsonLines.Of(happened, happened is RunCompleted ? peakRssMiB() : 0));

    /// <inheritdoc/>
    public void Say(string message) => terminal.Error.WriteLine("bgpo: " + message);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
