namespace Bgpo.Spec;

/// <summary>A spec cannot be used as it is. The message is one line: where, which field, its value, what is allowed.</summary>
public sealed class SpecException : Exception
{
    /// <summary>An empty one, for serializers.</summary>
    public SpecException()
    {
    }

    /// <summary>One with a message.</summary>
    /// <param name="message">Where, which field, its value, what is allowed.</param>
    public SpecException(string message)
        : base(message) => Errors = [message];

    /// <summary>One with a message and its cause.</summary>
    /// <param name="message">Where, which field, its value, what is allowed.</param>
    /// <param name="innerException">The cause.</param>
    public SpecException(string message, Exception innerException)
        : base(message, innerException) => Errors = [message];

    /// <summary>One for several errors of the same spec; its message is the first.</summary>
    /// <param name="errors">One line each, in the order of the file; at least one.</param>
    public SpecException(IReadOnlyList<string> errors)
        : base(errors[0]) => Errors = errors;

    /// <summary>Every error found, one line each.</summary>
    public IReadOnlyList<string> Errors { get; } = [];
}
