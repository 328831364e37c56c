using Orleans.Serialization;

namespace Orleans.Tests;

public interface IEcho : IGrainWithStringKey
{
    Task<int> Add(int left, int right);

    ValueTask Ping();

    ValueTask<string> Key();

    Task<Basket> Fill(Basket basket);

    Task<int> Throw(string message);
}

public interface IRefusing : IGrainWithStringKey
{
    Task<Unmarked> Refuse(Unmarked value);
}

[GenerateSerializer]
public sealed record Basket([property: Id(0)] string Owner, [property: Id(1)] List<int> Items)
{
    [Id(2)]
    public Basket? Next { get; set; }
}

public sealed record Unmarked(List<int> Items);

public sealed class Echo : Grain, IEcho
{
    public Task<int> Add(int left, int right) => Task.FromResult(left + right);

    public ValueTask Ping() => default;

    public ValueTask<string> Key() => new(this.GetPrimaryKeyString());

    public Task<Basket> Fill(Basket basket)
    {
        basket.Items.Add(42);
        return Task.FromResult(basket);
    }

    public Task<int> Throw(string message) => throw new FormatException(message);
}

public sealed class Refusing : Grain, IRefusing
{
    public Task<Unmarked> Refuse(Unmarked value) => Task.FromResult(value);
}

public class CallTests
{
    [Fact]
    public async Task Call_ReachesTheGrainOfItsKey()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        IEcho echo = silo.Grains.GetGrain<IEcho>("a");
        Assert.Equal(5, await echo.Add(2, 3));
        await echo.Ping();
        Assert.Equal("a", await echo.Key());
        Assert.Equal("b", await silo.Grains.GetGrain<IEcho>("b").Key());
    }

    [Fact]
    public async Task Arguments_AreTheGrainsOwnCopy()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        Basket sent = new("me", [1, 2]) { Next = new("you", [7]) };
        sent.Next.Next = sent;
        Basket back = await silo.Grains.GetGrain<IEcho>("a").Fill(sent);
        Assert.Equal([1, 2], sent.Items);
        Assert.Equal([1, 2, 42], back.Items);
        Assert.NotSame(sent, back);
        Assert.Same(back, back.Next!.Next);
    }

    [Fact]
    public async Task Exception_ReachesTheCallerAsItself()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        FormatException failure = await Assert.ThrowsAsync<FormatException>(() => silo.Grains.GetGrain<IEcho>("a").Throw("odd"));
        Assert.Equal("odd", failure.Message);
    }

    [Fact]
    public async Task UnmarkedType_IsAnErrorThatNamesIt()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        CodecNotFoundException failure =
            await Assert.ThrowsAsync<CodecNotFoundException>(() => silo.Grains.GetGrain<IRefusing>("a").Refuse(new([1])));
        Assert.Contains(nameof(Unmarked), failure.Message, StringComparison.Ordinal);
    }
}
