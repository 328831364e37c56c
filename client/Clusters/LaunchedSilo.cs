using System.Diagnostics;
using System.Threading.Channels;

namespace Bgpo.Client.Clusters;

/// <inheritdoc cref="ILaunchedSilo"/>
internal sealed class LaunchedSilo : ILaunchedSilo
{
    private readonly string _cluster;
    private readonly Task<int> _ended;
    private readonly TaskCompletionSource<bool> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();

    private Process? _process;

    internal LaunchedSilo(Process process, string cluster)
    {
        (_process, _cluster) = (process, cluster);
        Id = process.Id;
        process.StandardInput.Close();
        process.OutputDataReceived += (_, line) => _joined.TrySetResult(line.Data is not null);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { } text)
            {
                _errors.Writer.TryComplete();
                return;
            }
            text = text.StartsWith("bgpo: ", StringComparison.Ordinal) ? text["bgpo: ".Length..] : text;
            _errors.Writer.TryWrite(text);
            Said?.Invoke(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ended = ReadEnd(process);
    }

    /// <summary>
    /// Whether it holds the process's pipes: no longer than it lives, since clusters have thousands of silos one after the other.
    /// </summary>
    internal bool HoldsProcess => _process is not null;

    public event Action<string>? Said;

    public int Id { get; }

    public async Task Joined(CancellationToken cancellationToken)
    {
        // Its first line says that it has joined; without one it has ended.
        if (await _joined.Task.WaitAsync(cancellationToken))
        {
            return;
        }
        int code = await Ended(cancellationToken);
        string? said = null;
        await foreach (string line in _errors.Reader.ReadAllAsync(cancellationToken))
        {
            said ??= line;
        }
        throw new BadInputException(said ?? $"a silo of cluster '{_cluster}' did not start (exit code {code})");
    }

    public Task<int> Ended(CancellationToken cancellationToken) => _ended.WaitAsync(cancellationToken);

    public void Dispose() => Interlocked.Exchange(ref _process, null)?.Dispose();

    private async Task<int> ReadEnd(Process process)
    {
        await process.WaitForExitAsync();
        int code = process.ExitCode;
        Dispose();
        return code;
    }
}
