using System.Runtime.InteropServices;

namespace Bgpo.Client;

/// <summary>Ctrl-C, SIGTERM, and the terminal's end (SIGHUP): the first asks to stop, the second leaves at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private const int Hangup = 1;

    private readonly CancellationTokenSource _asked = new();
    private readonly Action _leave;
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    /// <param name="leave">Ends the process; called on the second signal.</param>
    internal Interrupts(Action leave) => _leave = leave;

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _asked.Token;

    /// <summary>Takes the process's signals from now on.</summary>
    internal void Listen()
    {
        // Under nohup the terminal's end is to be ignored, and stays so.
        PosixSignal[] hangup = IsIgnored(Hangup) ? [] : [PosixSignal.SIGHUP];
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, .. hangup])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Signal();
            }));
        }
    }

    /// <summary>What a signal does.</summary>
    internal void Signal()
    {
        if (Interlocked.Increment(ref _count) == 1)
        {
            _asked.Cancel();
        }
        else
        {
            _leave();
        }
    }

    /// <summary>Whether the process was started with a signal ignored, by the mask that the kernel shows.</summary>
    private static bool IsIgnored(int signal)
    {
        const string file = "/proc/self/status";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(text => text.StartsWith("SigIgn:", StringComparison.Ordinal)) : null;
        return line is not null && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) >> (signal - 1) & 1) != 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _asked.Dispose();
    }
}
