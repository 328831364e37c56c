namespace Bgpo.Grains;

/// <summary>Work was asked for at a version that the shards do not stand at. Dispatching it again is harmless.</summary>
[GenerateSerializer, Alias("bgpo.StaleVersionException")]
public sealed class StaleVersionException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public StaleVersionException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">Which shard and version.</param>
    public StaleVersionException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">Which shard and version.</param>
    /// <param name="innerException">The cause.</param>
    public StaleVersionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
