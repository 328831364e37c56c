namespace Bgpo.Client.Watching;

/// <summary>Chooses how a run is shown.</summary>
internal static class Presenters
{
    /// <summary>What Ctrl-C does to who trains.</summary>
    internal const string StopFooter = "Ctrl-C saves a checkpoint and stops";

    /// <summary>What Ctrl-C does to who only watches.</summary>
    internal const string LeaveFooter = "Ctrl-C leaves; the run goes on";

    /// <summary>What q does to who only watches, where keys can be read.</summary>
    internal const string QuitFooter = "q leaves; the run goes on";

    /// <summary>JSON lines where asked for, the live view on a terminal, plain lines elsewhere.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isJson">Whether JSON was asked for.</param>
    /// <param name="isQuiet">Whether steps are left out.</param>
    /// <param name="footer">What the live view says of leaving.</param>
    /// <param name="peakRssMiB">Peak memory of the process that trains when asked; null: it is another one.</param>
    internal static IRunPresenter For(
        Terminal terminal, TimeProvider time, bool isJson, bool isQuiet, string footer, Func<double?> peakRssMiB) =>
        isJson ? new JsonPresenter(terminal, peakRssMiB)
        : terminal.IsInteractive && !isQuiet ? new LivePresenter(terminal, time, footer)
        : new PlainPresenter(terminal, isQuiet);
}
