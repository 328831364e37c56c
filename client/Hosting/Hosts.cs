namespace Bgpo.Client.Hosting;

/// <summary>What this console works with.</summary>
internal static class Hosts
{
    /// <summary>Starts what runs live in.</summary>
    internal static ITrainingHost Training() => new SiloTrainingHost(SiloLogging.Configure);

    /// <summary>Works with models.</summary>
    internal static IModelCommands Models() => new ModelCommands();
}
