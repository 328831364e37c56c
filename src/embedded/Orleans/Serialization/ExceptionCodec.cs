using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Stands for an exception whose type the receiver does not have.</summary>
[GenerateSerializer]
public sealed class UnavailableExceptionFallbackException : Exception
{
    /// <summary>An exception of a type that is not known here.</summary>
    public UnavailableExceptionFallbackException()
    {
    }

    internal UnavailableExceptionFallbackException(string type, string message, Exception? inner)
        : base($"{message} (An exception of type {type}, which this process does not have.)", inner) => ExceptionType = type;

    /// <summary>The name of the exception's type.</summary>
    public string? ExceptionType { get; }
}

/// <summary>Carries what every exception has: type, message, stack trace, code, inner exceptions; and marked members.</summary>
internal sealed class ExceptionCodec<T> : Codec<T>
    where T : Exception
{
    private readonly MemberwiseCodec<T>? _members =
        typeof(T).IsDefined(typeof(GenerateSerializerAttribute), false) ? new(exception: true) : null;

    // Exceptions are passed on as they are: they are thrown again, not changed.
    public override bool IsShared => true;

    public override T Copy(T value, CopyContext context) => value;

    public override void Write(WireWriter writer, T value)
    {
        int start = writer.BeginLength();
        writer.Text(value.Message);
        writer.Text(value.StackTrace ?? "");
        writer.Raw(value.HResult);
        Exception[] inner = value is AggregateException aggregate ? [.. aggregate.InnerExceptions]
            : value.InnerException is { } one ? [one] : [];
        writer.VarUInt((uint)inner.Length);
        foreach (Exception exception in inner)
        {
            Slot<Exception>.Write(writer, exception);
        }

        writer.EndLength(start);
        if (_members is null)
        {
            writer.VarUInt(0);
        }
        else
        {
            _members.WriteMembers(writer, value);
        }
    }

    public override T Read(WireReader reader)
    {
        T exception = (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
        reader.Record(exception);
        (string message, string trace, int code, Exception[] inner) = ExceptionFields.Read(reader);
        ExceptionFields.Set(exception, message, trace, code, inner);
        if (_members is null)
        {
            MemberwiseCodec<object>.SkipMembers(reader);
        }
        else
        {
            _members.ReadMembers(reader, ref exception);
        }

        return exception;
    }
}

/// <summary>The private parts of an exception, which only its constructors set otherwise.</summary>
internal static class ExceptionFields
{
    public static (string Message, string Trace, int Code, Exception[] Inner) Read(WireReader reader)
    {
        int end = reader.Raw<int>() + reader.Position;
        string message = reader.Text();
        string trace = reader.Text();
        int code = reader.Raw<int>();
        Exception[] inner = new Exception[reader.Count()];
        for (int i = 0; i < inner.Length; i++)
        {
            inner[i] = Slot<Exception>.Read(reader);
        }

        reader.SkipTo(end);
        return (message, trace, code, inner);
    }

    /// <summary>What an exception of unknown type says.</summary>
    public static Exception ReadUnknown(WireReader reader, string type)
    {
        (string message, string trace, int code, Exception[] inner) = Read(reader);
        UnavailableExceptionFallbackException exception = new(type, message, inner.FirstOrDefault());
        RemoteStackTrace(exception) = trace + Environment.NewLine;
        exception.HResult = code;
        MemberwiseCodec<object>.SkipMembers(reader);
        return exception;
    }

    public static void Set(Exception exception, string message, string trace, int code, Exception[] inner)
    {
        Message(exception) = message;
        RemoteStackTrace(exception) = trace.Length == 0 ? null : trace + Environment.NewLine;
        exception.HResult = code;
        InnerException(exception) = inner.FirstOrDefault();
        if (exception is AggregateException aggregate)
        {
            InnerExceptions(aggregate) = inner;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? Message(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_remoteStackTraceString")]
    private static extern ref string? RemoteStackTrace(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? InnerException(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerExceptions")]
    private static extern ref Exception[] InnerExceptions(AggregateException exception);
}
