namespace Bgpo.ExactSums;

/// <summary>A contribution that cannot be added. The message names the unit.</summary>
public sealed class ContributionException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public ContributionException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">Unit, value, and what to do.</param>
    public ContributionException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">Unit, value, and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public ContributionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
