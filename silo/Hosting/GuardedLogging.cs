using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bgpo.Silo.Hosting;

/// <summary>
/// Keeps what a log does to itself: a logger that fails, as on a full disk, must not end or hang what it tells of. Grains,
/// Orleans and devices of a silo log through this.
/// </summary>
/// <param name="factory">Makes the loggers that may fail.</param>
internal sealed class GuardedLogging(ILoggerFactory factory) : ILoggerFactory
{
    /// <summary>Has all loggers of a host guarded.</summary>
    /// <param name="services">The host's services.</param>
    internal static void Use(IServiceCollection services)
    {
        services.AddSingleton<LoggerFactory>();
        services.AddSingleton<ILoggerFactory>(provider => new GuardedLogging(provider.GetRequiredService<LoggerFactory>()));
    }

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => factory.AddProvider(provider);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(factory.CreateLogger(categoryName));

    /// <inheritdoc/>
    public void Dispose() => factory.Dispose();

    private sealed class Logger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            try
            {
                return logger.BeginScope(state);
            }
            catch (Exception)
            {
                return null;
            }
        }

        public bool IsEnabled(LogLevel logLevel)
        {
            try
            {
                return logger.IsEnabled(logLevel);
            }
            catch (Exception)
            {
                return false;
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
        {
            try
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
            }
            catch (Exception)
            {
                // Whoever writes a log says by himself that it cannot be written; what is logged of goes on.
            }
        }
    }
}
