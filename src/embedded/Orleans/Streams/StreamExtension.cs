using Orleans.Concurrency;

namespace Orleans.Messaging;

/// <summary>How an <see cref="IAsyncEnumerable{T}"/> is pulled from a grain: batch by batch, each an ordinary call.</summary>
internal interface IStreamExtension : IGrain
{
    [AlwaysInterleave]
    Task<StreamBatch> Start(Guid id, StreamRequest request, CancellationToken cancellation);

    [AlwaysInterleave]
    Task<StreamBatch> Next(Guid id, CancellationToken cancellation);

    [AlwaysInterleave]
    Task Stop(Guid id);
}

/// <summary>The call that opens a stream.</summary>
[GenerateSerializer, Immutable]
internal sealed class StreamRequest
{
    [Id(0)]
    public required GrainMethod Method { get; init; }

    [Id(1)]
    public required object?[] Arguments { get; init; }

    [Id(2)]
    public required int BatchSize { get; init; }
}

/// <summary>Elements of a stream, and whether it is over.</summary>
[GenerateSerializer, Immutable]
internal sealed class StreamBatch
{
    [Id(0)]
    public StreamState State { get; init; }

    [Id(1)]
    public List<object?>? Items { get; init; }

    [Id(2)]
    public Exception? Failure { get; init; }
}

/// <summary>What a batch says about its stream.</summary>
[GenerateSerializer]
internal enum StreamState
{
    /// <summary>There is more; an empty batch only says that the grain is still at it.</summary>
    Open,

    /// <summary>These were the last elements.</summary>
    Completed,

    /// <summary>The producer threw.</summary>
    Failed,

    /// <summary>The producer was cancelled.</summary>
    Canceled,

    /// <summary>The grain does not know the stream.</summary>
    Missing,
}
