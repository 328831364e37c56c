using System.Collections.Concurrent;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>
/// Sandboxes that are started ahead, so that a program does not wait for an interpreter. Each is used once. The first is started
/// when one is wanted.
/// </summary>
public sealed class SandboxPool : IDisposable
{
    private const int Tries = 3;

    private readonly Bubblewrap _bubblewrap;
    private readonly SandboxLimits _limits;
    private readonly BlockingCollection<Started> _started;
    private readonly Lazy<Thread> _starter;
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Makes a pool.</summary>
    /// <param name="limits">What each program may use.</param>
    /// <param name="ready">How many sandboxes to have ready.</param>
    /// <exception cref="SandboxUnavailableException">Bubblewrap or Python is not on this machine.</exception>
    public SandboxPool(SandboxLimits limits, int ready)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ready);
        _bubblewrap = Bubblewrap.Find();
        _limits = limits;
        _started = new BlockingCollection<Started>(ready);
        _starter = new Lazy<Thread>(() =>
        {
            var thread = new Thread(KeepReady) { IsBackground = true, Name = "sandboxes" };
            thread.Start();
            return thread;
        });
    }

    /// <summary>Why no program can be run here.</summary>
    /// <returns>The reason and what to do, in one line; null where all is well.</returns>
    public static string? Refusal()
    {
        try
        {
            using var pool = new SandboxPool(new SandboxLimits(), 1);
            using Sandbox sandbox = pool.Rent(CancellationToken.None);
            return null;
        }
        catch (SandboxUnavailableException e)
        {
            return e.Message;
        }
    }

    /// <summary>Takes a sandbox; the caller disposes of it.</summary>
    /// <exception cref="SandboxUnavailableException">None starts, tried several times.</exception>
    public Sandbox Rent(CancellationToken cancellationToken)
    {
        _ = _starter.Value;
        for (int i = 1; ; i++)
        {
            Started next = _started.Take(cancellationToken);
            try
            {
                if (next.Error is not null)
                {
                    throw next.Error;
                }
                next.Sandbox!.WaitUntilReady(cancellationToken);
                return next.Sandbox;
            }
            catch (SandboxUnavailableException e)
            {
                next.Sandbox?.Dispose();
                if (i == Tries)
                {
                    throw new SandboxUnavailableException(Advice(e.Message));
                }
            }
            catch
            {
                next.Sandbox?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Ends those that are ready. What is rented must have been given up before.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        if (_starter.IsValueCreated)
        {
            _starter.Value.Join();
        }
        while (_started.TryTake(out Started? left))
        {
            left.Sandbox?.Dispose();
        }
        _started.Dispose();
        _ended.Dispose();
    }

    /// <summary>One thread starts all: the kernel kills a sandbox when the thread that started it ends.</summary>
    private void KeepReady()
    {
        try
        {
            while (true)
            {
                Started next = StartOne();
                try
                {
                    _started.Add(next, _ended.Token);
                }
                catch (OperationCanceledException)
                {
                    next.Sandbox?.Dispose();
                    throw;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The pool is disposed of.
        }
    }

    private Started StartOne()
    {
        try
        {
            return new Started(Sandbox.Start(_bubblewrap, _limits), null);
        }
        catch (SandboxUnavailableException e)
        {
            return new Started(null, e);
        }
    }

    private static string Advice(string problem) =>
        problem.Contains("namespace", StringComparison.Ordinal) || problem.Contains("uid map", StringComparison.Ordinal)
            || problem.Contains("Operation not permitted", StringComparison.Ordinal)
            || problem.Contains("Permission denied", StringComparison.Ordinal)
            ? $"{problem}; user namespaces are forbidden here: allow them (sysctl user.max_user_namespaces, "
                + "kernel.apparmor_restrict_unprivileged_userns=0), or start the container with --security-opt seccomp=unconfined "
                + "--security-opt apparmor=unconfined"
            : problem;

    private sealed record Started(Sandbox? Sandbox, SandboxUnavailableException? Error);
}
