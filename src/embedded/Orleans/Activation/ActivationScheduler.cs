using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>
/// Runs the tasks of one activation one after another, never two at once, on pool threads. Continuations of awaits come back here
/// by themselves, which is what makes a turn.
/// </summary>
internal sealed class ActivationScheduler(IGrainContext context) : TaskScheduler, IThreadPoolWorkItem
{
    // A grain with much to do lets others have the thread after this long.
    private const long QuantumMilliseconds = 20;

    private readonly Lock _lock = new();
    private readonly Queue<Task> _queue = new();
    private bool _running;

    public override int MaximumConcurrencyLevel => 1;

    void IThreadPoolWorkItem.Execute()
    {
        IGrainContext? previous = RuntimeContext.Current;
        RuntimeContext.Current = context;
        try
        {
            long end = Environment.TickCount64 + QuantumMilliseconds;
            while (true)
            {
                Task? next;
                lock (_lock)
                {
                    if (!_queue.TryDequeue(out next))
                    {
                        _running = false;
                        return;
                    }
                }

                TryExecuteTask(next);
                if (Environment.TickCount64 >= end)
                {
                    lock (_lock)
                    {
                        if (_queue.Count == 0)
                        {
                            _running = false;
                            return;
                        }
                    }

                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }
            }
        }
        finally
        {
            RuntimeContext.Current = previous;
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_lock)
        {
            _queue.Enqueue(task);
            if (_running)
            {
                return;
            }

            _running = true;
        }

        // Fair to all: a grain that is called without end would starve the sockets from a thread's own queue.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(RuntimeContext.Current, context) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_lock)
        {
            return [.. _queue];
        }
    }
}
