using System.Runtime.InteropServices;

namespace Bgpo.Client;

/// <summary>Ctrl-C and SIGTERM: the first asks to stop, the second leaves at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly Action _leave;
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    /// <param name="leave">Ends the process; called on the second signal.</param>
    internal Interrupts(Action leave) => _leave = leave;

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _asked.Token;

    /// <summary>Whether Ctrl-C is somebody else's to answer: a terminal sends it to every process of a command.</summary>
    internal bool LeavesCtrlCToOthers { get; set; }

    /// <summary>Takes the process's signals from now on.</summary>
    internal void Listen()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (signal != PosixSignal.SIGINT || !LeavesCtrlCToOthers)
                    Signal();
            }));
        }
    }

    /// <summary>What a signal does.</summary>
    internal void Signal()
    {
        if (Interlocked.Increment(ref _count) == 1)
            _asked.Cancel();
        else
            _leave();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _asked.Dispose();
    }
}
