using System.Diagnostics.Metrics;
using Bgpo.Grains.Runs;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs.Resilience;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Tests;

/// <summary>Logs and meters that fail, as on a full disk: a run goes on beside them.</summary>
public sealed class ObserverTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // and whoever watches hears of its end
    public async Task ARunWhoseLogsAndMetersFail_EndsAsEver(bool fails)
    {
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name is RunMeter.Name or StoreMeter.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => throw new IOException("the meter is full"));
        listener.SetMeasurementEventCallback<int>(static (_, _, _, _) => throw new IOException("the meter is full"));
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => throw new IOException("the meter is full"));
        listener.Start();
        var store = new AbsentStore(_runs.Blobs, () => false, name => fails
            && name.Contains("journal/00000003", StringComparison.Ordinal));
        using IHost host = BgpoSilo.Build(new SiloSettings(store, 2), logging => logging.AddProvider(new FullDisk()));
        await host.StartAsync();
        IRunGrain run = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>("a");
        await run.Start(SmallRuns.Spec());
        List<RunEvent> events = [];
        await foreach (RunEvent happened in run.Watch(0))
        {
            events.Add(happened);
        }
        await host.StopAsync();
        Assert.IsType(fails ? typeof(RunFailed) : typeof(RunCompleted), events[^1]);
    }

    private sealed class FullDisk : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter) =>
            throw new IOException("no space is left");

        public void Dispose()
        {
        }
    }
}
