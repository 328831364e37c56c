using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Hosting;

/// <summary>Where a silo's logs go: nowhere, or to the file that BGPO_LOG names. Never into a command's output.</summary>
internal static class SiloLogging
{
    /// <summary>Adds the file that BGPO_LOG names, if any.</summary>
    /// <param name="logging">The silo's logging.</param>
    internal static void Configure(ILoggingBuilder logging)
    {
        if (Environment.GetEnvironmentVariable("BGPO_LOG") is { Length: > 0 } path)
        {
            logging.SetMinimumLevel(LogLevel.Information).AddProvider(new FileLoggerProvider(path, TimeProvider.System));
        }
    }
}
