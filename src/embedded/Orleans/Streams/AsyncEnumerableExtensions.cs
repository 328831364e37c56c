using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>How the streams that grains return are pulled.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>Pulls at most <paramref name="maxBatchSize"/> elements at a time (100 by default), a positive number.</summary>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBatchSize);
        if (self is GrainStream<T> stream)
        {
            stream.BatchSize = maxBatchSize;
        }

        return self;
    }
}
