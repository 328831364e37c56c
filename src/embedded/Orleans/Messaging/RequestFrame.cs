using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>Requests and responses as frames.</summary>
internal static class RequestFrame
{
    private const byte OneWay = 1;
    private const byte Guess = 2;

    public static WireWriter Write(Call call, long id, int maxBytes)
    {
        WireWriter writer = Frame.Begin(FrameKind.Request);
        try
        {
            writer.Raw(id);
            writer.Byte((byte)((call.Responder is null ? OneWay : 0) | (call.IsGuess ? Guess : 0)));
            writer.Byte((byte)call.Forwards);
            writer.Text(TypeNames.Of(call.Method.Interface.Type));
            writer.Text(call.Method.Name);
            Slot<GrainId>.Write(writer, call.Target);
            writer.VarUInt((uint)(call.Context?.Count ?? 0));
            foreach ((string key, object value) in call.Context ?? [])
            {
                writer.Text(key);
                Slot<object>.Write(writer, value);
            }

            writer.VarUInt((uint)call.Arguments.Length);
            Type[] types = call.Method.ParameterTypes;
            for (int i = 0; i < types.Length; i++)
            {
                Codecs.WriteReference(writer, call.Arguments[i], types[i]);
            }

            Frame.End(writer, maxBytes, call);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Reads a request whose number has been read already.</summary>
    public static Call Read(WireReader reader, Connection connection, long id, int maxBytes)
    {
        byte flags = reader.Byte();
        int forwards = reader.Byte();
        GrainMethod method = GrainInterface.Find(reader.Text(), reader.Text());
        GrainId target = Slot<GrainId>.Read(reader);
        Dictionary<string, object>? context = null;
        for (int count = reader.Count(); count > 0; count--)
        {
            (context ??= []).Add(reader.Text(), Slot<object>.Read(reader));
        }

        Type[] types = method.ParameterTypes;
        if (reader.Count() != types.Length)
        {
            throw new SerializerException($"{method} takes {types.Length} arguments here; the caller sent another number.");
        }

        object?[] arguments = new object?[types.Length];
        for (int i = 0; i < types.Length; i++)
        {
            arguments[i] = Codecs.ReadReference(reader, types[i]);
        }

        Call call = new()
        {
            Target = target,
            Method = method,
            Arguments = arguments,
            Context = context,
            Responder = (flags & OneWay) != 0 ? null : new RemoteResponder(connection, id, maxBytes),
            AlwaysInterleave = method.AlwaysInterleave,
            Forwards = forwards,
            IsGuess = (flags & Guess) != 0,
            Origin = connection,
        };
        call.BindCancellation();
        return call;
    }

    public static WireWriter WriteResult(GrainMethod method, long id, object? result, bool owned, int maxBytes)
    {
        WireWriter writer = Frame.Begin(FrameKind.Response);
        try
        {
            writer.Raw(id);
            writer.Byte((byte)Outcome.Result);
            writer.Snapshot = !owned && method.ResultIsCopied;
            Codecs.WriteReference(writer, result, method.ResultType ?? typeof(object));
            Frame.End(writer, maxBytes, $"result of {method}");
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public static WireWriter WriteFailure(long id, Exception failure, int maxBytes)
    {
        WireWriter writer = Frame.Begin(FrameKind.Response);
        writer.Raw(id);
        writer.Byte((byte)Outcome.Failure);
        Slot<Exception>.Write(writer, failure);
        Frame.End(writer, maxBytes, failure.GetType());
        return writer;
    }

    /// <summary>Says that the request has not run here, as of version <paramref name="version"/> of the members.</summary>
    public static WireWriter WriteMoved(long id, long version)
    {
        WireWriter writer = Frame.Begin(FrameKind.Response);
        writer.Raw(id);
        writer.Byte((byte)Outcome.Moved);
        writer.Raw(version);
        Frame.End(writer, int.MaxValue, nameof(Outcome.Moved));
        return writer;
    }
}

/// <summary>Sends the outcome back to where the request came from.</summary>
internal sealed class RemoteResponder(Connection connection, long id, int maxBytes) : IResponder
{
    public void Complete(GrainMethod method, object? result, bool owned)
    {
        connection.Incoming.TryRemove(id, out _);
        WireWriter frame;
        try
        {
            frame = RequestFrame.WriteResult(method, id, result, owned, maxBytes);
        }
        catch (Exception failure)
        {
            Fail(failure);
            return;
        }

        connection.Send(frame);
    }

    public void Fail(Exception exception)
    {
        connection.Incoming.TryRemove(id, out _);
        WireWriter frame;
        try
        {
            frame = RequestFrame.WriteFailure(id, exception, maxBytes);
        }
        catch (Exception failure)
        {
            // The exception itself cannot be sent; say so instead, in few words: it may be too large itself.
            const int MostCharacters = 1000;
            string words = exception.Message.Length <= MostCharacters ? exception.Message : exception.Message[..MostCharacters] + "…";
            frame = RequestFrame.WriteFailure(
                id, new OrleansException($"{exception.GetType()}: {words} (not sent: {failure.Message})"), int.MaxValue);
        }

        connection.Send(frame);
    }

    public void Moved(long version)
    {
        connection.Incoming.TryRemove(id, out _);
        connection.Send(RequestFrame.WriteMoved(id, version));
    }
}
