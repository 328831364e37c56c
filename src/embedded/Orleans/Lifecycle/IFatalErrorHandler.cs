using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>Told when the silo cannot go on, above all when the others have declared it dead. Register one to say how the process ends.</summary>
public interface IFatalErrorHandler
{
    /// <summary>Whether <paramref name="exception"/> is one to tell of.</summary>
    bool IsUnexpected(Exception exception);

    /// <summary>The silo cannot go on, for the reason that <paramref name="context"/> says.</summary>
    void OnFatalException(object? sender = null, string? context = null, Exception? exception = null);
}

/// <summary>Stops the host. (Microsoft.Orleans's own kills the process instead.)</summary>
internal sealed partial class FatalErrorHandler(IHostApplicationLifetime host, ILogger<FatalErrorHandler> logger) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        LogFatal(logger, exception, context);
        host.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The silo cannot go on and stops: {Reason}")]
    private static partial void LogFatal(ILogger logger, Exception? failure, string? reason);
}
