using System.Runtime.InteropServices;
using Bgpo.Spec;

namespace Bgpo.Client;

/// <summary>
/// The signals that end a command: Ctrl-C, SIGTERM, the terminal's end (SIGHUP), and those by which schedulers give notice. The
/// first asks to stop; a second of the former three leaves at once. A notice never does, since SIGTERM often follows it while the
/// checkpoint is saved.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    /// <summary>The environment variable that names the signals which give notice.</summary>
    internal const string Variable = "BGPO_STOP_SIGNALS";

    private const int Hangup = 1;

    /// <summary>
    /// What gives notice where the variable is not set: Slurm and Grid Engine send SIGUSR1 as they are told to, others SIGQUIT.
    /// </summary>
    private const string UsualNotices = "USR1,QUIT";

    /// <summary>Signals that can give notice; numbers of Linux on x86-64.</summary>
    private static readonly (string Name, PosixSignal Number)[] Notices =
        [("USR1", (PosixSignal)10), ("USR2", (PosixSignal)12), ("QUIT", PosixSignal.SIGQUIT), ("XCPU", (PosixSignal)24),
            ("PWR", (PosixSignal)30)];

    private readonly CancellationTokenSource _asked = new();
    private readonly Action _leave;
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _orders;

    /// <param name="leave">Ends the process; called on the second signal.</param>
    internal Interrupts(Action leave) => _leave = leave;

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _asked.Token;

    /// <summary>The signals that give notice.</summary>
    /// <param name="variable">What <see cref="Variable"/> says: names with commas between; null: the usual ones.</param>
    /// <exception cref="BadInputException">A name is no signal that can.</exception>
    internal static IReadOnlyList<PosixSignal> NoticesOf(string? variable)
    {
        List<PosixSignal> signals = [];
        foreach (var word in (variable ?? UsualNotices)
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var name = word.ToUpperInvariant() is ['S', 'I', 'G', .. var rest] ? rest : word.ToUpperInvariant();
            var known = Notices.FirstOrDefault(notice => notice.Name == name);
            signals.Add(known.Name is not null ? known.Number : throw new BadInputException(
                $"{Variable}: value '{word}': one or several of {string.Join(", ", Notices.Select(notice => notice.Name))}, with commas between"
                + Nearest.Hint(name, Notices.Select(notice => notice.Name))));
        }

        return signals;
    }

    /// <summary>Takes the process's signals from now on.</summary>
    /// <param name="notices">Those that give notice.</param>
    internal void Listen(IReadOnlyList<PosixSignal> notices)
    {
        // Under nohup the terminal's end is to be ignored, and stays so.
        PosixSignal[] hangup = IsIgnored(Hangup) ? [] : [PosixSignal.SIGHUP];
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, .. hangup])
        {
            Take(signal, () => Order(isKey: signal == PosixSignal.SIGINT));
        }

        foreach (var signal in notices)
        {
            Take(signal, _asked.Cancel);
        }
    }

    /// <summary>What Ctrl-C does.</summary>
    internal void Signal() => Order(isKey: true);

    /// <summary>
    /// Asks to stop. Whoever presses Ctrl-C was told that it leaves at once where a stop was asked for; who sends SIGTERM was
    /// not.
    /// </summary>
    private void Order(bool isKey)
    {
        var wasAsked = _asked.IsCancellationRequested;
        if (Interlocked.Increment(ref _orders) > 1 || (isKey && wasAsked))
        {
            _leave();
        }
        else
        {
            _asked.Cancel();
        }
    }

    private void Take(PosixSignal signal, Action taken) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        taken();
    }));

    /// <summary>Whether the process was started with a signal ignored, by the mask that the kernel shows.</summary>
    private static bool IsIgnored(int signal)
    {
        const string file = "/proc/self/status";
        var line = File.Exists(file) ? File.ReadLines(file)
            .FirstOrDefault(text => text.StartsWith("SigIgn:", StringComparison.Ordinal)) : null;
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
