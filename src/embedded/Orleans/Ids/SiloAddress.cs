using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;

namespace Orleans.Runtime;

/// <summary>
/// Who a silo is: an endpoint and a generation, so that a process started again is somebody else. The embedded engine never
/// opens the endpoint; it is a name. As in Microsoft.Orleans there is no operator ==: compare by <see cref="Equals(SiloAddress)"/>.
/// </summary>
[Immutable]
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>, IParsable<SiloAddress>
{
    private static readonly long Epoch = new DateTime(2022, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    private static readonly Lock GenerationLock = new();
    private static long s_lastGeneration;

    private int _hash;

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
    }

    /// <summary>The address of no silo.</summary>
    public static SiloAddress Zero { get; } = New(new IPAddress(0), 0, 0);

    /// <summary>The endpoint.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>The incarnation of the process behind the endpoint; later ones are greater.</summary>
    public int Generation { get; }

    /// <summary>True for a client's address.</summary>
    public bool IsClient => Generation < 0;

    /// <summary>The silo at <paramref name="ep"/> of generation <paramref name="gen"/>.</summary>
    public static SiloAddress New(IPEndPoint ep, int gen)
    {
        ArgumentNullException.ThrowIfNull(ep);
        return new(ep, gen);
    }

    /// <summary>The silo at <paramref name="address"/>:<paramref name="port"/> of generation <paramref name="generation"/>.</summary>
    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    /// <summary>A generation greater than all this process allocated before.</summary>
    public static int AllocateNewGeneration()
    {
        long elapsed = (DateTime.UtcNow.Ticks - Epoch) / TimeSpan.TicksPerSecond;
        lock (GenerationLock)
        {
            s_lastGeneration = Math.Max(elapsed, s_lastGeneration + 1);
            return unchecked((int)s_lastGeneration);
        }
    }

    /// <summary>Reads what <see cref="ToParsableString"/> wrote.</summary>
    /// <exception cref="FormatException"><paramref name="addr"/> is not <c>address:port@generation</c>.</exception>
    public static SiloAddress FromParsableString(string addr) => Parse(addr);

    /// <summary>Reads <c>address:port@generation</c>.</summary>
    /// <exception cref="FormatException"><paramref name="value"/> has another form.</exception>
    public static SiloAddress Parse(string value) =>
        TryParse(value, out SiloAddress? result) ? result : throw new FormatException("Invalid string SiloAddress: " + value);

    static SiloAddress IParsable<SiloAddress>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<SiloAddress>.TryParse(string? s, IFormatProvider? provider, [NotNullWhen(true)] out SiloAddress? result) =>
        TryParse(s, out result);

    /// <summary>Reads <c>address:port@generation</c>; false for another form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, [NotNullWhen(true)] out SiloAddress? result)
    {
        result = null;
        int at = value?.LastIndexOf('@') ?? -1;
        if (at < 0 || !IPEndPoint.TryParse(value![..at], out IPEndPoint? endpoint)
            || !int.TryParse(value[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int generation))
        {
            return false;
        }

        result = new(endpoint, generation);
        return true;
    }

    /// <summary><c>address:port@generation</c>.</summary>
    public string ToParsableString() => $"{Endpoint}@{Generation}";

    /// <summary>A hash that is the same in every process.</summary>
    public int GetConsistentHashCode()
    {
        if (_hash == 0)
        {
            _hash = unchecked((int)StableHash.Compute(Encoding.UTF8.GetBytes(ToParsableString())));
        }

        return _hash;
    }

    /// <inheritdoc/>
    public bool Equals(SiloAddress? other) =>
        ReferenceEquals(this, other) || (other is not null && Generation == other.Generation && Endpoint.Equals(other.Endpoint));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Endpoint, Generation);

    /// <inheritdoc/>
    public int CompareTo(SiloAddress? other)
    {
        if (other is null)
        {
            return 1;
        }

        int byGeneration = Generation.CompareTo(other.Generation);
        return byGeneration != 0 ? byGeneration : string.CompareOrdinal(Endpoint.ToString(), other.Endpoint.ToString());
    }

    /// <inheritdoc/>
    public override string ToString() => IsClient ? $"C{Endpoint}:{-Generation}" : $"S{Endpoint}:{Generation}";
}
