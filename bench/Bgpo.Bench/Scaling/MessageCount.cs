using System.Diagnostics.Metrics;

namespace Bgpo.Bench;

/// <summary>Counts the messages between the grains of this process, by Orleans' own metric.</summary>
internal sealed class MessageCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _sent;

    public MessageCount()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Microsoft.Orleans" && instrument.Name == "orleans-messaging-sent-local")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => _sent = value);
        _listener.Start();
    }

    /// <summary>Messages since the process began.</summary>
    internal long Read()
    {
        _listener.RecordObservableInstruments();
        return _sent;
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}
