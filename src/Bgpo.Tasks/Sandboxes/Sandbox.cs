using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>
/// A Python interpreter in a sandbox, for one program. It takes blocks (a length in decimal, a line feed, and that many bytes)
/// and answers in lines. One thread at a time.
/// </summary>
public sealed class Sandbox : IDisposable
{
    /// <summary>How much longer than it may a program gets on a machine that is too busy to run it.</summary>
    private const int MostPatience = 10;

    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_endPatience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly SandboxLimits _limits;
    private readonly Stream _output;
    private byte[] _buffer = new byte[1 << 13];
    private int _start;
    private int _end;
    private volatile SandboxEndedException? _killed;
    private TimeSpan _waited;

    private Sandbox(Process process, SandboxLimits limits)
    {
        _process = process;
        _limits = limits;
        _output = process.StandardOutput.BaseStream;
    }

    /// <summary>The process that stands for the whole sandbox: with it all others of it end.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts one. The thread that calls must last as long as the sandbox (<see cref="Bubblewrap"/>).</summary>
    /// <exception cref="SandboxUnavailableException">The system does not start the process.</exception>
    internal static Sandbox Start(Bubblewrap bubblewrap, SandboxLimits limits)
    {
        try
        {
            return new Sandbox(Process.Start(bubblewrap.StartInfo(limits))!, limits);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new SandboxUnavailableException($"the system starts no process: {e.Message}");
        }
    }

    /// <summary>Waits until the interpreter is ready.</summary>
    /// <exception cref="SandboxUnavailableException">It does not start; says why.</exception>
    internal void WaitUntilReady(CancellationToken cancellationToken)
    {
        string said;
        try
        {
            using Watch watch = new(this, s_startPatience, s_startPatience, cancellationToken);
            said = Encoding.UTF8.GetString(ReadLine(cancellationToken));
        }
        catch (SandboxEndedException e)
        {
            throw new SandboxUnavailableException($"the sandbox does not start: {e.Message}");
        }
        if (said != "ready")
        {
            throw new SandboxUnavailableException($"the sandbox does not start: {said.Trim()}");
        }
        _waited = ProcessorWait.Of(ProcessId);
    }

    /// <summary>Sends blocks, then waits for a line.</summary>
    /// <param name="patience">How long the program may take, wall time; longer while it waits for a processor.</param>
    /// <param name="whole">The time that it had when that began, for the message.</param>
    /// <param name="cancellationToken">Kills the sandbox.</param>
    /// <param name="blocks">The blocks.</param>
    /// <returns>The line without its end.</returns>
    /// <exception cref="SandboxEndedException">The sandbox is no more: it ended, or was killed over a limit.</exception>
    public byte[] Ask(TimeSpan patience, TimeSpan whole, CancellationToken cancellationToken, params ReadOnlySpan<byte[]> blocks)
    {
        using Watch watch = new(this, patience, whole, cancellationToken);
        try
        {
            Stream input = _process.StandardInput.BaseStream;
            foreach (byte[] block in blocks)
            {
                input.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{block.Length}\n")));
                input.Write(block);
            }
            input.Flush();
        }
        catch (IOException)
        {
            // It ended; what it said before that counts, and reading tells why.
        }
        return ReadLine(cancellationToken);
    }

    /// <summary>Kills everything in the sandbox, whatever it does, and waits until it is gone.</summary>
    public void Dispose()
    {
        Kill();
        if (!_process.WaitForExit(s_endPatience))
        {
            throw new InvalidOperationException($"The sandbox of process {_process.Id} was killed and is still there.");
        }
        _process.Dispose();
    }

    private byte[] ReadLine(CancellationToken cancellationToken)
    {
        int seen = _start;
        while (true)
        {
            int length = _buffer.AsSpan(seen, _end - seen).IndexOf((byte)'\n');
            if (length >= 0)
            {
                byte[] line = _buffer[_start..(seen + length)];
                _start = seen + length + 1;
                return line;
            }
            if (_end - _start > _limits.LineBytes)
            {
                Kill(new SandboxEndedException(SandboxEnd.Flooded, $"sent more than {_limits.LineBytes >> 10} KiB at once"));
                throw _killed!;
            }
            MakeRoom();
            seen = _end;
            int read = _output.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw _killed ?? Exited();
            }
            _end += read;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
    }

    /// <summary>Why the process ended by itself.</summary>
    private SandboxEndedException Exited()
    {
        // A closed pipe with a living process is the program's doing, too.
        Kill();
        _process.WaitForExit(s_endPatience);
        int code = _process.HasExited ? _process.ExitCode : 137;
        string said = Encoding.UTF8.GetString(_buffer.AsSpan(_start, Math.Min(_end - _start, 200))).ReplaceLineEndings(" ").Trim();
        return new SandboxEndedException(SandboxEnd.Exited, code switch
        {
            137 => "was killed (signal 9): out of processor time, or by itself",
            > 128 => $"crashed (signal {code - 128})",
            _ => said.Length > 0 ? said : $"ended with exit code {code}",
        });
    }

    private void Kill(SandboxEndedException? why = null)
    {
        if (why is not null && Interlocked.CompareExchange(ref _killed, why, null) is not null)
        {
            return;
        }
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    /// <summary>Kills the sandbox when a time is over.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly Sandbox _sandbox;
        private readonly TimeSpan _patience;
        private readonly TimeSpan _whole;
        private readonly long _started = Stopwatch.GetTimestamp();
        private readonly Timer _timer;
        private readonly CancellationTokenRegistration _cancellation;

        public Watch(Sandbox sandbox, TimeSpan patience, TimeSpan whole, CancellationToken cancellationToken)
        {
            (_sandbox, _whole) = (sandbox, whole);
            _patience = patience > TimeSpan.Zero ? patience : TimeSpan.FromMilliseconds(1);
            _timer = new Timer(_ => Expire());
            _timer.Change(_patience, Timeout.InfiniteTimeSpan);
            _cancellation = cancellationToken.UnsafeRegister(static sandbox => ((Sandbox)sandbox!).Kill(), sandbox);
        }

        public void Dispose()
        {
            _cancellation.Dispose();
            _timer.Dispose();
        }

        private void Expire()
        {
            TimeSpan waited = ProcessorWait.Of(_sandbox.ProcessId) - _sandbox._waited;
            TimeSpan taken = Stopwatch.GetElapsedTime(_started);
            TimeSpan rest = _patience + waited - taken;
            if (rest > TimeSpan.FromMilliseconds(1) && taken < MostPatience * _whole)
            {
                _timer.Change(rest, Timeout.InfiniteTimeSpan);
                return;
            }
            _sandbox.Kill(rest > TimeSpan.FromMilliseconds(1)
                ? new SandboxEndedException(
                    SandboxEnd.Starved, $"got no processor for {waited.TotalSeconds:0.0} of {taken.TotalSeconds:0.0} s")
                : new SandboxEndedException(SandboxEnd.TimedOut, $"timed out after {_whole.TotalSeconds:0.#} s"));
        }
    }
}
