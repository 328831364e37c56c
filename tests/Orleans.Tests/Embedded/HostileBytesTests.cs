using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Orleans.Tests;

/// <summary>What the embedded engine does with bytes that nobody meant to send; Microsoft.Orleans throws exceptions of many kinds.</summary>
public class HostileBytesTests
{
    [Fact]
    public async Task TruncatedBytes_AreAnErrorEverywhere()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        Serializer serializer = silo.Host.Services.GetRequiredService<Serializer>();
        byte[] whole = serializer.SerializeToArray(new OldMessage { Kept = 7, Dropped = ["a", "b"], Last = "z" });
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.ThrowsAny<SerializerException>(() => serializer.Deserialize<OldMessage>(whole[..length]));
        }
    }

    [Fact]
    public async Task GarbledBytes_AreAnErrorOrAValueButNothingWorse()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        Serializer serializer = silo.Host.Services.GetRequiredService<Serializer>();
        byte[] whole = serializer.SerializeToArray(new Basket("me", [1, 2, 3]) { Next = new("you", []) });
        Random random = new(5);
        for (int i = 0; i < 5000; i++)
        {
            byte[] garbled = [.. whole];
            garbled[random.Next(garbled.Length)] = (byte)random.Next(256);
            garbled[random.Next(garbled.Length)] = (byte)random.Next(256);
            try
            {
                serializer.Deserialize<Basket>(garbled);
            }
            catch (SerializerException)
            {
                // As it should be.
            }
        }
    }
}
