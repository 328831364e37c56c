using System.Globalization;
using System.Runtime.InteropServices;

namespace Bgpo;

/// <summary>
/// Named places where a test or an operator can make the process die, stop or fail, to prove that nothing is lost there.
/// Inert unless the environment variable <c>BGPO_FAULT</c> is set: <c>name:action[:nth]</c>, comma separated, where action is
/// <c>kill</c> (SIGKILL to the own process), <c>terminate</c> (SIGTERM), <c>stop</c> (SIGSTOP), <c>throw</c>
/// (<see cref="FaultException"/>) or <c>exit</c> (status 70), and nth (default 1) counts the hits of that name.
/// </summary>
public static class FaultPoint
{
    /// <summary>The environment variable that arms fault points.</summary>
    public const string Variable = "BGPO_FAULT";

    private static readonly Lazy<FaultPlan?> s_plan = new(() => FaultPlan.Parse(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>
    /// Says that the process is at the named place; acts when <c>BGPO_FAULT</c> asks for it, else returns at once.
    /// </summary>
    /// <param name="name">Name of the place, without colon or comma.</param>
    /// <exception cref="FaultException">The plan says <c>throw</c>.</exception>
    /// <exception cref="ArgumentException"><c>BGPO_FAULT</c> is garbled.</exception>
    public static void Hit(string name)
    {
        if (s_plan.Value is { } plan)
        {
            plan.Hit(name);
        }
    }
}

/// <summary>Thrown at a fault point armed with <c>throw</c>.</summary>
public sealed class FaultException : Exception
{
    /// <summary>A fault without a name.</summary>
    public FaultException()
    {
    }

    /// <summary>A fault with a message.</summary>
    /// <param name="message">What was asked for.</param>
    public FaultException(string message)
        : base(message)
    {
    }

    /// <summary>A fault with a message and a cause.</summary>
    /// <param name="message">What was asked for.</param>
    /// <param name="innerException">The cause.</param>
    public FaultException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A parsed <c>BGPO_FAULT</c>: which hit of which name does what.</summary>
internal sealed partial class FaultPlan
{
    private const int KillSignal = 9;
    private const int TerminateSignal = 15;
    private static readonly int s_stopSignal = OperatingSystem.IsMacOS() ? 17 : 19;

    private readonly Dictionary<string, Fault> _faults;

    private FaultPlan(Dictionary<string, Fault> faults) => _faults = faults;

    private enum FaultAction
    {
        Kill,
        Terminate,
        Stop,
        Throw,
        Exit,
    }

    public static FaultPlan? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var faults = new Dictionary<string, Fault>(StringComparer.Ordinal);
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = item.Split(':');
            int nth = 1;
            if (parts.Length is < 2 or > 3
                || parts[0].Length == 0
                || !Enum.TryParse(parts[1], ignoreCase: true, out FaultAction action)
                || !Enum.IsDefined(action)
                || char.IsAsciiDigit(parts[1][0])
                || (parts.Length == 3
                    && (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out nth) || nth < 1)))
            {
                throw new ArgumentException(
                    $"{FaultPoint.Variable} has '{item}'; expected name:kill|terminate|stop|throw|exit, optionally with :nth " +
                        "(1 or more).");
            }
            if (!faults.TryAdd(parts[0], new Fault(action, nth)))
            {
                throw new ArgumentException($"{FaultPoint.Variable} names '{parts[0]}' twice; name each fault point once.");
            }
        }
        return new FaultPlan(faults);
    }

    public void Hit(string name)
    {
        if (!_faults.TryGetValue(name, out Fault? fault) || Interlocked.Increment(ref fault.Hits) != fault.Nth)
        {
            return;
        }

        switch (fault.Action)
        {
            case FaultAction.Kill:
                Signal(name, KillSignal);
                break;
            case FaultAction.Terminate:
                Signal(name, TerminateSignal);
                break;
            case FaultAction.Stop:
                Signal(name, s_stopSignal);
                break;
            case FaultAction.Exit:
                Environment.Exit(70);
                break;
            default:
                throw new FaultException($"Fault point '{name}' was armed by {FaultPoint.Variable} to throw at hit {fault.Nth}.");
        }
    }

    private static void Signal(string name, int signal)
    {
        if (Kill(Environment.ProcessId, signal) != 0)
        {
            throw new FaultException($"Fault point '{name}': kill(2) failed with errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int processId, int signal);

    private sealed class Fault(FaultAction action, int nth)
    {
        public int Hits;

        public FaultAction Action { get; } = action;

        public int Nth { get; } = nth;
    }
}
