using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Orleans.Tests;

[GenerateSerializer]
public sealed class OldMessage
{
    [Id(0)]
    public int Kept { get; set; }

    [Id(1)]
    public List<string> Dropped { get; set; } = [];

    [Id(3)]
    public string Last { get; set; } = "";
}

[GenerateSerializer]
public sealed class NewMessage
{
    [Id(3)]
    public string Last { get; set; } = "";

    [Id(0)]
    public int Kept { get; set; }

    [Id(2)]
    public string Added { get; set; } = "by default";
}

public class VersionTests
{
    [Fact]
    public async Task AddedAndRemovedMembers_AreTolerated()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        Serializer serializer = silo.Host.Services.GetRequiredService<Serializer>();
        NewMessage got = serializer.Deserialize<NewMessage>(
            serializer.SerializeToArray(new OldMessage { Kept = 7, Dropped = ["a", "b"], Last = "z" }))!;
        Assert.Equal((7, "z", "by default"), (got.Kept, got.Last, got.Added));
        OldMessage back = serializer.Deserialize<OldMessage>(serializer.SerializeToArray(new NewMessage { Kept = 8, Added = "new", Last = "y" }))!;
        Assert.Equal((8, "y"), (back.Kept, back.Last));
        Assert.Empty(back.Dropped);
    }
}
