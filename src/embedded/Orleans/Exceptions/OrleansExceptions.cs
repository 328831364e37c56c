namespace Orleans.Runtime
{
    /// <summary>The root of the engine's own exceptions.</summary>
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        /// <summary>An unexpected error.</summary>
        public OrleansException()
            : base("Unexpected error.")
        {
        }

        /// <summary>An error that says <paramref name="message"/>.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>An error that says <paramref name="message"/> and why.</summary>
        public OrleansException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A message was refused before a grain saw it.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The silo that should answer is gone or going; whether the call ran is unknown.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>Some silo is unavailable.</summary>
        public SiloUnavailableException()
            : base("Silo unavailable")
        {
        }

        /// <summary>A silo is unavailable, as <paramref name="msg"/> says.</summary>
        public SiloUnavailableException(string msg)
            : base(msg)
        {
        }

        /// <summary>A silo is unavailable, as <paramref name="message"/> says, and why.</summary>
        public SiloUnavailableException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The enumeration's grain no longer knows of it: it was deactivated or the enumerator was idle for too long.</summary>
    [GenerateSerializer]
    public sealed class EnumerationAbortedException : Exception
    {
        /// <summary>An enumeration was aborted.</summary>
        public EnumerationAbortedException()
        {
        }

        /// <summary>An enumeration was aborted, as <paramref name="message"/> says.</summary>
        public EnumerationAbortedException(string message)
            : base(message)
        {
        }

        /// <summary>An enumeration was aborted, as <paramref name="message"/> says, and why.</summary>
        public EnumerationAbortedException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>Options of the host do not make sense.</summary>
    public sealed class OrleansConfigurationException : Exception
    {
        /// <summary>An error that says <paramref name="message"/>.</summary>
        public OrleansConfigurationException(string message)
            : base(message)
        {
        }

        /// <summary>An error that says <paramref name="message"/> and why.</summary>
        public OrleansConfigurationException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }
}

namespace Orleans.Serialization
{
    /// <summary>The root of exceptions about copying and serializing.</summary>
    [GenerateSerializer]
    public class SerializerException : Exception
    {
        /// <summary>An error that says <paramref name="message"/>.</summary>
        public SerializerException(string message)
            : base(message)
        {
        }

        /// <summary>An error that says <paramref name="message"/> and why.</summary>
        public SerializerException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A type is neither built in nor marked with <see cref="GenerateSerializerAttribute"/>.</summary>
    [GenerateSerializer]
    public sealed class CodecNotFoundException : SerializerException
    {
        /// <summary>An error that says <paramref name="message"/>.</summary>
        public CodecNotFoundException(string message)
            : base(message)
        {
        }
    }
}
