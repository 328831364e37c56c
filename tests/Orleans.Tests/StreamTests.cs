using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Tests;

public interface ICounter : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int from, int to, CancellationToken cancellation = default);

    IAsyncEnumerable<int> CountThenFail(int count);

    IAsyncEnumerable<int> CountForEver(string ended, CancellationToken cancellation = default);
}

public sealed class Counter : Grain, ICounter
{
    public async IAsyncEnumerable<int> Count(int from, int to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (int i = from; i < to; i++)
        {
            if (i % 7 == 0)
            {
                await Task.Yield();
            }

            yield return i;
        }
    }

    public async IAsyncEnumerable<int> CountThenFail(int count)
    {
        for (int i = 0; i < count; i++)
        {
            yield return i;
        }

        await Task.Yield();
        throw new FormatException("no more");
    }

    public async IAsyncEnumerable<int> CountForEver(string ended, [EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                if (i == 10)
                {
                    Gate.Open(ended + "waits");
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                }

                yield return i;
            }
        }
        finally
        {
            Gate.Open(ended);
        }
    }
}

public class StreamTests
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Stream_ArrivesWholeAndInOrder(int batch)
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        List<int> items = [];
        await foreach (int item in silo.Grains.GetGrain<ICounter>(_id).Count(5, 105).WithBatchSize(batch))
        {
            items.Add(item);
        }

        Assert.Equal(Enumerable.Range(5, 100), items);
    }

    [Fact]
    public async Task FailedStream_GivesWhatCameBeforeAndThenThrows()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        List<int> items = [];
        await Assert.ThrowsAsync<FormatException>(async () =>
        {
            await foreach (int item in silo.Grains.GetGrain<ICounter>(_id).CountThenFail(3))
            {
                items.Add(item);
            }
        });
        Assert.Equal([0, 1, 2], items);
    }

    [Fact]
    public async Task DisposedEarly_EndsTheProducer()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        await foreach (int item in silo.Grains.GetGrain<ICounter>(_id).CountForEver(_id).WithBatchSize(2))
        {
            if (item == 4)
            {
                break;
            }
        }

        await Gate.Wait(_id);
    }

    [Fact]
    public async Task CancelledStream_EndsTheProducer()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        using CancellationTokenSource source = new();
        Task cancelling = CancelWhenItWaits();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (int item in silo.Grains.GetGrain<ICounter>(_id).CountForEver(_id, source.Token))
            {
                Assert.InRange(item, 0, 9);
            }
        });
        await cancelling;
        await Gate.Wait(_id);

        async Task CancelWhenItWaits()
        {
            await Gate.Wait(_id + "waits");
            await source.CancelAsync();
        }
    }
}
