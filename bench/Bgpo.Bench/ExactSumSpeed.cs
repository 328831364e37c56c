using System.Diagnostics;
using Bgpo.ExactSums;
using Bgpo.Grains;
using Bgpo.Units;

namespace Bgpo.Bench;

/// <summary>How fast one core adds contributions exactly when neither they nor the sums are in its cache.</summary>
internal static class ExactSumSpeed
{
    /// <summary>64 terms of 2 MiB and 64 sums of 4 MiB: 384 MiB, far more than a cache.</summary>
    private const int Shards = 64;

    /// <summary>Measures on the calling thread.</summary>
    /// <param name="mib">Float32 to add, MiB.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Bytes of float32 a second.</returns>
    internal static double Measure(int mib, CancellationToken cancellationToken)
    {
        int shards = Math.Clamp(mib / 2, 1, Shards);
        float[] terms = TestGradient.Of(shards * ShardKey.ShardLength);
        ExactSum[] sums = [.. Enumerable.Range(0, shards).Select(_ => new ExactSum(ShardKey.ShardLength))];
        var unit = new UnitId(0, 0, 0);
        double Pass(int rounds)
        {
            long started = Stopwatch.GetTimestamp();
            for (int round = 0; round < rounds; round++)
            {
                for (int shard = 0; shard < shards; shard++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    sums[shard].Add(terms.AsSpan(shard * ShardKey.ShardLength, ShardKey.ShardLength), unit);
                }
            }
            return (double)rounds * terms.Length * sizeof(float) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        int rounds = Math.Max(1, mib / (2 * shards));
        Pass(1);
        return Enumerable.Range(0, 3).Select(_ => Pass(rounds)).Order().ElementAt(1);
    }
}
