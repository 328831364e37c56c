namespace Bgpo.Client;

/// <summary>What the user gave cannot be used. The message is one line: what, its value, what is expected. Exit code 2.</summary>
internal sealed class BadInputException : Exception
{
    /// <summary>One with a message.</summary>
    internal BadInputException(string message)
        : base(message)
    {
    }

    /// <summary>One with a message and its cause.</summary>
    internal BadInputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
