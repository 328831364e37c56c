using System.Buffers;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;

namespace Bgpo.Grains.Tests;

/// <summary>Who may give a contribution's array back to the pool: the receiver of one from the wire, and nobody else.</summary>
public sealed class ContributionTests : IDisposable
{
    // A bucket of the pool that nothing else here uses; a thread gets back what it gave last.
    private const int Length = 1 << 13;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-contribution-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AContributionOfThisProcess_StaysItsSenders()
    {
        float[] values = ArrayPool<float>.Shared.Rent(Length);
        new Contribution(new(1, 0), new UnitName(0, 0, 0), values).Values.Release();
        Assert.NotSame(values, ArrayPool<float>.Shared.Rent(Length));
    }

    [Fact]
    public void AContributionFromTheWire_IsGivenBack()
    {
        Contribution received = FromTheWire(new Contribution(new(1, 0), new UnitName(0, 2, 3), new float[Length]));
        float[] rented = Assert.IsType<float[]>(ArrayOf(received));
        received.Values.Release();
        Assert.Same(rented, ArrayPool<float>.Shared.Rent(Length));
    }

    [Fact]
    public void APartOfASendersArray_ArrivesAsAnArrayOfItsOwn()
    {
        float[] gradient = [.. Enumerable.Range(0, 4 * Length).Select(i => (float)i)];
        Contribution received =
            FromTheWire(new Contribution(new(1, 0), new UnitName(0, 0, 0), gradient.AsMemory(Length, Length)));
        Assert.NotSame(gradient, ArrayOf(received));
        Assert.Equal(gradient[Length..(2 * Length)], received.Values.Span.ToArray());
    }

    private Contribution FromTheWire(Contribution sent)
    {
        using IHost host = BgpoSilo.Build(new SiloSettings(new LocalBlobStore(_folder), 1));
        Serializer serializer = host.Services.GetRequiredService<Serializer>();
        return serializer.Deserialize<Contribution>(serializer.SerializeToArray(sent))!;
    }

    private static float[]? ArrayOf(Contribution contribution) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(contribution.Values.Memory, out ArraySegment<float> values)
            ? values.Array : null;
}
