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
    internal static IRunPresenter For(ConsoleContext context, bool isJson, bool isQuiet, string footer = StopFooter) =>
        isJson ? new JsonPresenter(context.Terminal, () => footer == StopFooter ? ConsoleContext.PeakRssMiB() : null)
        : context.Terminal.IsInteractive && !isQuiet ? new LivePresenter(context.Terminal, context.Time, footer)
        : new PlainPresenter(context.Terminal, isQuiet);
}
