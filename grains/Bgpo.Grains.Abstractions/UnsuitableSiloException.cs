namespace Bgpo.Grains;

/// <summary>
/// A silo lacks what a run's work needs there: its base model, a data file, or leave to read its store. Another may have it.
/// </summary>
[GenerateSerializer, Alias("bgpo.UnsuitableSiloException")]
public sealed class UnsuitableSiloException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public UnsuitableSiloException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">What is missing there.</param>
    public UnsuitableSiloException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">What is missing there.</param>
    /// <param name="innerException">The cause.</param>
    public UnsuitableSiloException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
