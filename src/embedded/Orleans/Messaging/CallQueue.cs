using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>Calls that wait until it is known where their grain is, in the order they came.</summary>
internal sealed class CallQueue
{
    private readonly Lock _lock = new();
    private readonly Dictionary<GrainId, Queue<Call>> _queues = [];

    /// <summary>Adds a call; true if it is the first of its grain, so that the caller must find out.</summary>
    public bool Add(Call call)
    {
        lock (_lock)
        {
            if (_queues.TryGetValue(call.Target, out Queue<Call>? queue))
            {
                queue.Enqueue(call);
                return false;
            }

            _queues.Add(call.Target, new Queue<Call>([call]));
            return true;
        }
    }

    /// <summary>Takes the next call of <paramref name="grain"/>; without one, the grain is forgotten.</summary>
    public Call? Take(GrainId grain)
    {
        lock (_lock)
        {
            if (_queues[grain].TryDequeue(out Call? call))
            {
                return call;
            }

            _queues.Remove(grain);
            return null;
        }
    }
}
