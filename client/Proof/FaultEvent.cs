namespace Bgpo.Client.Proof;

/// <summary>Something that the injector did, or that came of it.</summary>
/// <param name="Event">killed, terminated, crashed, stopped, continued, joined, failed or passed.</param>
/// <param name="UnixMilliseconds">When.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="Address">Its address in parsable form; empty for one that has just been started.</param>
/// <param name="Process">Its process id.</param>
/// <param name="Message">More, for people.</param>
internal sealed record FaultEvent(string Event, long UnixMilliseconds, string Silo, string Address, int Process, string Message);

/// <summary>What a victim is sent.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>SIGTERM: it hands over its work and leaves.</summary>
    Term,

    /// <summary>SIGSTOP, and SIGCONT after a while: it hangs.</summary>
    Stop,

    /// <summary>SIGABRT: it crashes in native code.</summary>
    Abort,
}

/// <summary>Who may be a victim.</summary>
internal enum Victims
{
    /// <summary>Any silo.</summary>
    Any,

    /// <summary>The silo of a run's controller.</summary>
    Controller,

    /// <summary>Silos without a run's controller.</summary>
    Workers,
}

/// <summary>What the injector is to do.</summary>
/// <param name="FaultKind">What victims are sent.</param>
/// <param name="Victims">Who may be one.</param>
/// <param name="Restart">Whether another silo is started for each that ends.</param>
/// <param name="StopFor">How long a stopped one hangs.</param>
internal sealed record ChaosOptions(FaultKind FaultKind, Victims Victims, bool Restart, TimeSpan StopFor);
