using Bgpo.Client.Clusters;
using Bgpo.Client.Models;

namespace Bgpo.Client.Hosting;

/// <summary>What this console works with.</summary>
internal static class Hosts
{
    /// <summary>This machine's processes.</summary>
    internal static IMachine Machine() => new Machine();

    /// <summary>Starts what runs live in.</summary>
    /// <param name="machine">Where.</param>
    internal static ITrainingHost Training(IMachine machine) => new SiloTrainingHost(machine, SiloLogging.Configure);

    /// <summary>Works with models.</summary>
    internal static IModelCommands Models() => new ModelCommands();
}
