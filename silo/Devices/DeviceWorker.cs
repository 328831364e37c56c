using Bgpo.Model;

namespace Bgpo.Silo.Devices;

/// <summary>
/// One device's thread: everything that touches the device's tensors runs here, one piece of work after the other. On CPU the
/// device is this one thread, so libtorch is held to it and results do not depend on the number of cores.
/// </summary>
public sealed class DeviceWorker : IDisposable
{
    private readonly DeviceQueue _queue;
    private readonly Thread _thread;

    /// <summary>Starts the thread of a device with work of its own.</summary>
    /// <param name="name">The device's name, for debuggers.</param>
    public DeviceWorker(string name)
        : this(name, 0, new DeviceQueue())
    {
    }

    /// <summary>Starts the thread of one of several devices that share their work.</summary>
    /// <param name="name">The device's name, for debuggers.</param>
    /// <param name="index">Which of them it is.</param>
    /// <param name="queue">The work.</param>
    public DeviceWorker(string name, int index, DeviceQueue queue)
    {
        _queue = queue;
        _thread = new Thread(() =>
        {
            Libtorch.UseOneThread();
            queue.Serve(index);
        })
        {
            Name = name,
            IsBackground = true,
        };
        _thread.Start();
    }

    /// <summary>Runs work on the device's thread.</summary>
    /// <param name="work">The work.</param>
    /// <typeparam name="T">What it yields.</typeparam>
    public Task<T> Run<T>(Func<T> work) => _queue.Run(_ => work(), CancellationToken.None);

    /// <summary>Ends the thread, and its queue, when the work that is in it is done.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
    }
}
