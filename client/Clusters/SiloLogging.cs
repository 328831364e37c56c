using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Clusters;

/// <summary>
/// Where a silo's logs go: to its cluster's folder, and to the file that BGPO_LOG names. Never into a command's output.
/// </summary>
internal static class SiloLogging
{
    /// <summary>Adds the file that BGPO_LOG names, if any.</summary>
    /// <param name="logging">The silo's logging.</param>
    internal static void Configure(ILoggingBuilder logging)
    {
        if (Environment.GetEnvironmentVariable("BGPO_LOG") is { Length: > 0 } path)
        {
            logging.SetMinimumLevel(LogLevel.Information).AddProvider(new FileLoggerProvider(
                ProjectPaths.Expanded(path), TimeProvider.System, static message =>
                    Terminal.OfProcess().Error.WriteLine("bgpo: " + message)));
        }
    }

    /// <summary>The same, and the silo's file in its cluster's folder, which <c>run logs</c> reads.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="silo">The silo's short name.</param>
    internal static Action<ILoggingBuilder> Of(string cluster, string silo) => logging =>
    {
        Configure(logging);
        logging.AddFilter<ClusterLogProvider>("", LogLevel.Warning).AddFilter<ClusterLogProvider>("Bgpo", LogLevel.Information);
        logging.AddProvider(new ClusterLogProvider(ClusterLogs.FolderOf(cluster), silo, TimeProvider.System));
    };
}
