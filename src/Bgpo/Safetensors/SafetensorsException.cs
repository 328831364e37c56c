namespace Bgpo.Safetensors;

/// <summary>
/// A safetensors file breaks the format, or does not hold what was asked for. The message is one line and names the file.
/// </summary>
public sealed class SafetensorsException : Exception
{
    /// <summary>Without a message.</summary>
    public SafetensorsException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">Names the file, the tensor and the numbers.</param>
    public SafetensorsException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">Names the file, the tensor and the numbers.</param>
    /// <param name="innerException">The cause.</param>
    public SafetensorsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
