using System.Text;

namespace Bgpo.Client;

/// <summary>Where the console writes, and what can be shown there.</summary>
/// <param name="Out">Data: what was asked for.</param>
/// <param name="Error">Messages.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error)
{
    /// <summary>Whether <see cref="Out"/> is a terminal that can be painted on.</summary>
    internal bool IsInteractive { get; init; }

    /// <summary>Whether <see cref="Error"/> is one.</summary>
    internal bool IsErrorInteractive { get; init; }

    /// <summary>Whether colours are wanted (NO_COLOR is not set).</summary>
    internal bool HasColor { get; init; }

    /// <summary>Columns and rows now.</summary>
    internal Func<(int Width, int Height)> Size { get; init; } = () => (80, 24);

    /// <summary>Tells of each key that is pressed from now on, without showing it; null where nobody can press one.</summary>
    internal Action<Action<char>>? Keys { get; init; }

    /// <summary>Reads a line that somebody types; null where nobody can.</summary>
    internal Func<string?>? ReadLine { get; init; }

    /// <summary>
    /// The same for who waits for a run's end: a write that fails is told once on <see cref="Error"/> and loses what was to be
    /// written, not the run.
    /// </summary>
    internal Terminal BesideARun()
    {
        var error = new GuardedWriter(Error, _ => { });
        var isTold = false;
        return this with
        {
            Error = error,
            Out = new GuardedWriter(Out, why =>
            {
                if (!isTold)
                {
                    isTold = true;
                    error.WriteLine($"bgpo: {why}; the run goes on without it");
                }
            }),
        };
    }

    /// <summary>The process's own.</summary>
    internal static Terminal OfProcess()
    {
        var dumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new Terminal(
            new GuardedWriter(Writer(Console.OpenStandardOutput()),
                why => throw new IOException($"standard output cannot be written: {why}")),
            // Where messages cannot be written, there is nobody to tell that.
            new GuardedWriter(Writer(Console.OpenStandardError()), _ => { }))
        {
            IsInteractive = !Console.IsOutputRedirected && !dumb,
            IsErrorInteractive = !Console.IsErrorRedirected && !dumb,
            HasColor = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            Size = WindowSize,
            ReadLine = Console.IsInputRedirected ? null : Console.ReadLine,
            Keys = Console.IsInputRedirected || dumb ? null : ListenForKeys,
        };

        // The buffer holds a whole frame, so that a frame is one write and cannot be seen half painted.
        static TextWriter Writer(Stream stream) =>
            TextWriter.Synchronized(
                new StreamWriter(stream, new UTF8Encoding(false), 1 << 16) { AutoFlush = true, NewLine = "\n" });
    }

    /// <summary>
    /// On a thread of its own, since reading a key cannot be given up; the terminal is as it was when the process ends.
    /// </summary>
    private static void ListenForKeys(Action<char> pressed)
    {
        var reader = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    pressed(Console.ReadKey(intercept: true).KeyChar);
                }
            }
            catch (Exception e) when (e is InvalidOperationException or IOException)
            {
                // The terminal is gone; whoever watches leaves by a signal.
            }
        })
        {
            IsBackground = true,
            Name = "keys",
        };
        reader.Start();
    }

    private static (int, int) WindowSize()
    {
        try
        {
            // A terminal that does not know its size says 0.
            return (Console.WindowWidth is > 0 and var width ? width : 80,
                Console.WindowHeight is > 0 and var height ? height : 24);
        }
        catch (IOException)
        {
            return (80, 24);
        }
    }
}
