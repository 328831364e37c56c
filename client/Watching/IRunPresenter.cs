using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Shows a run to its watcher. Disposing it leaves the terminal as it was found.</summary>
internal interface IRunPresenter : IAsyncDisposable
{
    /// <summary>An event of the run.</summary>
    void On(RunEvent happened);

    /// <summary>Something that the console itself has to say.</summary>
    void Say(string message);
}
