using System.Diagnostics;
using Bgpo.Tasks.Sandboxes;

namespace Bgpo.Tasks.Code;

/// <summary>A sandbox with a time for all that is asked of it together.</summary>
internal sealed class TimedSandbox : IDisposable
{
    private readonly Sandbox _sandbox;
    private readonly TimeSpan _time;
    private readonly CancellationToken _cancellationToken;
    private TimeSpan _left;
    private SandboxEndedException? _ended;

    /// <summary>Takes a sandbox over.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="time">Its time.</param>
    /// <param name="cancellationToken">Ends it before.</param>
    public TimedSandbox(Sandbox sandbox, TimeSpan time, CancellationToken cancellationToken)
    {
        (_sandbox, _time, _left, _cancellationToken) = (sandbox, time, time, cancellationToken);
    }

    /// <summary>Why it answers no more; null while it does.</summary>
    public SandboxEnd? End => _ended?.End;

    /// <summary>Sends blocks and waits for a line.</summary>
    /// <exception cref="SandboxEndedException">It ended; the same each time from then on.</exception>
    public byte[] Ask(byte[][] blocks)
    {
        if (_ended is not null)
        {
            throw _ended;
        }
        long started = Stopwatch.GetTimestamp();
        try
        {
            return _sandbox.Ask(_left, _time, _cancellationToken, blocks);
        }
        catch (SandboxEndedException e)
        {
            _ended = e;
            throw;
        }
        finally
        {
            _left -= Stopwatch.GetElapsedTime(started);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sandbox.Dispose();
}
