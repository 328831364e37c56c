namespace Bgpo.Model;

/// <summary>A model that cannot be read or used. The message is one line: file, what, and what was expected.</summary>
public sealed class ModelException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public ModelException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">File, what, and what was expected.</param>
    public ModelException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">File, what, and what was expected.</param>
    /// <param name="innerException">The cause.</param>
    public ModelException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
