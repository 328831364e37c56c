using System.Threading.Channels;
using static TorchSharp.torch;

namespace Bgpo.Silo;

/// <summary>
/// One device's thread: everything that touches the device's tensors runs here, one piece of work after the other. On CPU the
/// device is this one thread, so libtorch is held to it and results do not depend on the number of cores.
/// </summary>
public sealed class DeviceWorker : IDisposable
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The device's name, for debuggers.</param>
    public DeviceWorker(string name)
    {
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs work on the device's thread.</summary>
    /// <param name="work">The work.</param>
    /// <typeparam name="T">What it yields.</typeparam>
    public Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = _work.Writer.TryWrite(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        ObjectDisposedException.ThrowIf(!accepted, this);
        return done.Task;
    }

    /// <summary>Lets the work in hand finish, and ends the thread.</summary>
    public void Dispose()
    {
        _work.Writer.TryComplete();
        _thread.Join();
    }

    private void Loop()
    {
        // OpenMP's setting belongs to the calling thread.
        set_num_threads(1);
        ChannelReader<Action> reader = _work.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out Action? work))
            {
                work();
            }
        }
    }
}
