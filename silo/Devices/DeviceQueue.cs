using System.Threading.Channels;

namespace Bgpo.Silo.Devices;

/// <summary>
/// Work that waits for a device: a device that is done takes the next piece itself, so that none stands still until somebody has
/// looked at its result.
/// </summary>
public sealed class DeviceQueue
{
    private readonly Channel<Action<int>> _work = Channel.CreateUnbounded<Action<int>>();

    /// <summary>Runs work on the device that is free first.</summary>
    /// <param name="work">The work; told the device's index.</param>
    /// <param name="cancellationToken">Gives up work that has not begun.</param>
    /// <typeparam name="T">What it yields.</typeparam>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public Task<T> Run<T>(Func<int, T> work, CancellationToken cancellationToken)
    {
        var piece = new Piece<T>(work, cancellationToken);
        ObjectDisposedException.ThrowIf(!_work.Writer.TryWrite(piece.Do), this);
        return piece.Done;
    }

    /// <summary>Takes no more work.</summary>
    public void Close() => _work.Writer.TryComplete();

    /// <summary>Does work, on the calling thread, until the queue is closed and empty.</summary>
    /// <param name="device">The device's index.</param>
    public void Serve(int device)
    {
        ChannelReader<Action<int>> reader = _work.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out Action<int>? work))
            {
                work(device);
            }
        }
    }

    /// <summary>A piece of work, begun or given up, whichever comes first.</summary>
    private sealed class Piece<T>
    {
        private readonly Func<int, T> _work;
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenRegistration _givingUp;
        private int _taken;

        public Piece(Func<int, T> work, CancellationToken cancellationToken)
        {
            _work = work;
            _givingUp = cancellationToken.UnsafeRegister(
                (_, token) =>
                {
                    if (Interlocked.Exchange(ref _taken, 1) == 0)
                    {
                        _done.SetCanceled(token);
                    }
                },
                null);
        }

        public Task<T> Done => _done.Task;

        public void Do(int device)
        {
            if (Interlocked.Exchange(ref _taken, 1) != 0)
            {
                return;
            }
            _givingUp.Dispose();
            try
            {
                _done.SetResult(_work(device));
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
        }
    }
}
