using System.Threading.Channels;
using Bgpo.Spec;

namespace Bgpo.Tasks.External;

/// <summary>
/// The processes of a program that scores. Each has one request at a time; who finds none free waits. One that ends, hangs or
/// says what is no answer is killed and started again, so often without a good answer in between; then all scoring fails.
/// </summary>
internal sealed class GraderPool : IAsyncDisposable
{
    private readonly CommandSection _command;
    private readonly string[] _words;
    private readonly string _folder;
    private readonly Channel<GraderProcess?> _free = Channel.CreateUnbounded<GraderProcess?>();
    private readonly int _processes;
    private readonly CancellationTokenSource _over = new();
    private int _endings;
    private string _lastEnding = "";

    /// <summary>A pool that has started nothing yet.</summary>
    /// <param name="command">The program.</param>
    /// <param name="processes">How many of it.</param>
    public GraderPool(CommandSection command, int processes)
    {
        (_command, _processes) = (command, processes);
        _words = CommandLine.Split(command.Run);
        _folder = command.Folder.Length > 0 ? Path.GetFullPath(command.Folder) : Environment.CurrentDirectory;
        for (int i = 0; i < processes; i++)
        {
            _free.Writer.TryWrite(null); // a place; its process comes when it is needed
        }
    }

    /// <summary>Whether the program can be started here.</summary>
    /// <returns>Why not and what to do; null where it can.</returns>
    public string? Check()
    {
        if (_words.Length == 0)
        {
            return "task command: task.command.run names no program; set it, for example to 'python3 reward.py'.";
        }
        if (!Directory.Exists(_folder))
        {
            return $"task command: the folder '{_folder}' (task.command.folder) is not on this machine.";
        }
        if (CommandLine.Find(_words[0], _folder) is null)
        {
            return $"task command: there is no program '{_words[0]}' "
                + (_words[0].Contains('/', StringComparison.Ordinal) ? $"in {_folder}" : "in PATH")
                + " on this machine; install it, or correct task.command.run.";
        }
        return null;
    }

    /// <summary>Has a completion scored.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Gives up; the process that has the request is killed.</param>
    public async Task<Score> AskAsync(string id, string request, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _over.Token);
        GraderProcess? process = await _free.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        try
        {
            if (Volatile.Read(ref _endings) > _command.Restarts)
            {
                return Score.Failed(
                    $"'{_words[0]}' failed {_endings} times on end, and is not started again (task.command.restarts): {_lastEnding}");
            }
            process ??= GraderProcess.Start(CommandLine.Find(_words[0], _folder) ?? _words[0], _words[1..], _folder);
            (Score score, bool isAnswer) = await process.AskAsync(
                id, request, TimeSpan.FromSeconds(_command.Timeout), either.Token).ConfigureAwait(false);
            if (isAnswer)
            {
                Interlocked.Exchange(ref _endings, 0);
                return score;
            }
            _lastEnding = score.Info;
            Interlocked.Increment(ref _endings);
            process.Kill();
            process = null;
            return Score.Failed($"'{_words[0]}': {score.Info}");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
        {
            _lastEnding = e.Message;
            Interlocked.Increment(ref _endings);
            process?.Kill();
            process = null;
            return Score.Failed($"'{_words[0]}' cannot be started or talked to: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            process?.Kill(); // what it still says is no answer to the next
            process = null;
            throw;
        }
        finally
        {
            _free.Writer.TryWrite(process);
        }
    }

    /// <summary>Kills all processes, and what they have started.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            for (int i = 0; i < _processes; i++)
            {
                (await _free.Reader.ReadAsync(patience.Token).ConfigureAwait(false))?.Kill();
            }
        }
        catch (OperationCanceledException)
        {
            // One that cannot be taken back now kills its process itself, as it was told to give up.
        }
    }
}
