using System.Diagnostics.Metrics;

namespace Orleans.Messaging;

/// <summary>What is counted of messages, under the names that Orleans gives it.</summary>
internal static class MessagingInstruments
{
    private static readonly Meter s_meter = new("Microsoft.Orleans");
    private static long s_sentLocal;

    static MessagingInstruments() =>
        s_meter.CreateObservableCounter("orleans-messaging-sent-local", static () => Volatile.Read(ref s_sentLocal));

    /// <summary>Counts a request that stays in the process that made it.</summary>
    public static void SentLocal(Call call)
    {
        if (call.Origin is null)
        {
            SentLocalResponse();
        }
    }

    /// <summary>Counts a response that stays in the process that made it.</summary>
    public static void SentLocalResponse() => Interlocked.Increment(ref s_sentLocal);
}
