using System.Collections.Immutable;
using System.Numerics;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Tests;

[GenerateSerializer, Alias("tests.shape")]
public abstract record Shape([property: Id(0)] string Name);

[GenerateSerializer, Alias("tests.circle")]
public sealed record Circle([property: Id(0)] double Radius, string Name) : Shape(Name);

[GenerateSerializer]
public sealed record Polygon(string Name, ImmutableArray<Corner> Corners) : Shape(Name);

[GenerateSerializer]
public readonly record struct Corner([property: Id(0)] float X, [property: Id(1)] float Y);

public enum Mood : short
{
    Calm = 1,
    Angry = -7,
}

[GenerateSerializer, Alias("tests.everything")]
public sealed class Everything
{
    [Id(20)]
    private int _hidden = 5;

    [Id(0)]
    public required string Text { get; init; }

    [Id(1)]
    public int? Maybe { get; set; }

    [Id(2)]
    public Dictionary<string, List<Shape>> Shapes { get; } = [];

    [Id(3)]
    public ReadOnlyMemory<float> Floats { get; set; }

    [Id(4)]
    public byte[]? Bytes { get; set; }

    [Id(5)]
    public (Guid Id, DateTimeOffset When, TimeSpan Span) Tuple { get; set; }

    [Id(6)]
    public Mood Mood { get; set; }

    [Id(7)]
    public object? Anything { get; set; }

    [Id(8)]
    public ImmutableDictionary<int, BigInteger> Big { get; set; } = ImmutableDictionary<int, BigInteger>.Empty;

    [Id(9)]
    public HashSet<string> Set { get; } = new(StringComparer.OrdinalIgnoreCase);

    [Id(10)]
    public Everything? Self { get; set; }

    [Id(11)]
    public string?[] Strings { get; set; } = [];

    [Id(12)]
    public Exception? Failure { get; set; }

    [Id(13)]
    public SiloAddress? Silo { get; set; }

    [Id(14)]
    public ICodec? Grain { get; set; }

    [Id(15)]
    public decimal[] Decimals { get; set; } = [];

    [Id(16)]
    public List<int> Numbers { get; set; } = [];

    [field: NonSerialized]
    public int NotSent { get; set; }

    public int Hidden
    {
        get => _hidden;
        set => _hidden = value;
    }
}

public interface ICodec : IGrainWithStringKey
{
    Task<Everything> Echo(Everything value);

    Task<object?> Any(object? value);

    Task<bool> Same(object left, object right);

    Task<Exception> Describe(Exception exception);
}

public sealed class Codec : Grain, ICodec
{
    public Task<Everything> Echo(Everything value) => Task.FromResult(value);

    public Task<object?> Any(object? value) => Task.FromResult(value);

    public Task<bool> Same(object left, object right) => Task.FromResult(ReferenceEquals(left, right));

    public Task<Exception> Describe(Exception exception) => Task.FromResult(exception);
}

/// <summary>The same promises hold within a process, where values are copied, and between processes, where they are sent.</summary>
public class SerializationTests
{
    public static TheoryData<bool> BothWays => [false, true];

    [Theory]
    [MemberData(nameof(BothWays))]
    public Task EveryKindOfValue_ArrivesEqual(bool wire) => With(wire, async grain =>
    {
        Everything sent = new()
        {
            Text = "grüße 你好",
            Maybe = 42,
            Shapes = { ["a"] = [new Circle(2.5, "round"), new Polygon("tri", [new(1, 2), new(3, 4)])], ["none"] = [] },
            Floats = Enumerable.Range(0, 3000).Select(i => (float)i).ToArray().AsMemory(1000, 1500),
            Bytes = new byte[100_000],
            Tuple = (Guid.NewGuid(), DateTimeOffset.Now, TimeSpan.FromTicks(7)),
            Mood = Mood.Angry,
            Anything = new List<object> { 1, "two", 3.0, new[] { true, false }, Mood.Calm, new Corner(5, 6) },
            Big = ImmutableDictionary<int, BigInteger>.Empty.Add(3, BigInteger.Pow(7, 99)),
            Set = { "One" },
            Strings = ["x", null, ""],
            Failure = new AggregateException(new InvalidDataException("inner")),
            Silo = SiloAddress.New(System.Net.IPAddress.Loopback, 5, 6),
            Grain = grain,
            Decimals = [1.5m, decimal.MaxValue],
            Numbers = [.. Enumerable.Range(0, 5000)],
            NotSent = 1,
            Hidden = 99,
        };
        sent.Bytes[99_999] = 7;
        sent.Self = sent;
        Everything got = await grain.Echo(sent);
        Assert.NotSame(sent, got);
        Assert.Same(got, got.Self);
        Assert.Equal((sent.Text, sent.Maybe, sent.Tuple, sent.Mood), (got.Text, got.Maybe, got.Tuple, got.Mood));
        Assert.Equal(new Circle(2.5, "round"), got.Shapes["a"][0]);
        Assert.Equal([new(1, 2), new(3, 4)], ((Polygon)got.Shapes["a"][1]).Corners);
        Assert.Equal(sent.Floats.ToArray(), got.Floats.ToArray());
        Assert.Equal(sent.Bytes, got.Bytes);
        Assert.Equal(sent.Big, got.Big);
        Assert.Contains("ONE", got.Set);
        Assert.Equal(sent.Strings, got.Strings);
        Assert.Equal("inner", Assert.IsType<InvalidDataException>(((AggregateException)got.Failure!).InnerExceptions[0]).Message);
        Assert.Equal(sent.Silo, got.Silo);
        Assert.Equal(grain, got.Grain);
        Assert.Equal(sent.Decimals, got.Decimals);
        Assert.Equal(sent.Numbers, got.Numbers);
        Assert.Equal((0, 99), (got.NotSent, got.Hidden));
        List<object> any = Assert.IsType<List<object>>(got.Anything);
        Assert.Equal([1, "two", 3.0], any[..3]);
        Assert.Equal([true, false], (bool[])any[3]);
        Assert.Equal(new Corner(5, 6), any[5]);
    });

    [Theory]
    [MemberData(nameof(BothWays))]
    public Task TwoReferencesToOneObject_StayOne(bool wire) => With(wire, async grain =>
    {
        List<int> shared = [1];
        Assert.True(await grain.Same(shared, shared));
        Assert.False(await grain.Same(shared, new List<int> { 1 }));
    });

    [Theory]
    [MemberData(nameof(BothWays))]
    public Task UnmarkedType_IsAnErrorThatNamesIt(bool wire) => With(wire, async grain =>
    {
        CodecNotFoundException failure = await Assert.ThrowsAsync<CodecNotFoundException>(() => grain.Any(new Unmarked([1])));
        Assert.Contains(nameof(Unmarked), failure.Message, StringComparison.Ordinal);
        Assert.Equal(7, await grain.Any(7));
    });

    [Theory]
    [MemberData(nameof(BothWays))]
    public Task EmptyAndNullValues_Arrive(bool wire) => With(wire, async grain =>
    {
        Assert.Null(await grain.Any(null));
        Assert.Equal(Array.Empty<float>(), await grain.Any(Array.Empty<float>()));
        Assert.Equal("", await grain.Any(""));
        Assert.Equal(ReadOnlyMemory<byte>.Empty.ToArray(), ((ReadOnlyMemory<byte>)(await grain.Any(ReadOnlyMemory<byte>.Empty))!).ToArray());
    });

    private static async Task With(bool wire, Func<ICodec, Task> test)
    {
        if (wire)
        {
            await using ClusterFixture cluster = new();
            await cluster.StartSiloAsync("one");
            await test((await cluster.StartClientAsync()).GetGrain<ICodec>("c"));
        }
        else
        {
            await using SiloFixture silo = await SiloFixture.StartAsync();
            await test(silo.Grains.GetGrain<ICodec>("c"));
        }
    }
}
