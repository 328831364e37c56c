using System.Diagnostics;
using System.Text;

namespace Bgpo.Tasks.External;

/// <summary>One process that scores, one request at a time.</summary>
internal sealed class GraderProcess
{
    private readonly Process _process;
    private readonly char[] _read = new char[4096];
    private readonly StringBuilder _line = new();
    private string _lastError = "";
    private int _from;
    private int _to;

    private GraderProcess(Process process) => _process = process;

    /// <summary>Starts it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where it is started.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static GraderProcess Start(string program, string[] arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardErrorEncoding = new UTF8Encoding(false),
        };
        var process = new Process { StartInfo = start };
        var grader = new GraderProcess(process);
        process.ErrorDataReceived += (_, said) => grader.Heard(said.Data);
        process.Start();
        process.BeginErrorReadLine();
        return grader;
    }

    /// <summary>Has a completion scored.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="request">The request, one line.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The score, and whether the process answered as it should; else it is of no more use.</returns>
    public async Task<(Score Score, bool IsAnswer)> AskAsync(
        string id, string request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            await _process.StandardInput.WriteLineAsync(request.AsMemory(), either.Token).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(either.Token).ConfigureAwait(false);
            string? reply = await ReadLineAsync(either.Token).ConfigureAwait(false);
            return reply is null ? (Score.Failed(await EndedAsync().ConfigureAwait(false)), false)
                : GraderMessage.Read(reply, id);
        }
        catch (IOException)
        {
            return (Score.Failed(await EndedAsync().ConfigureAwait(false)), false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (Score.Failed($"no answer within {timeout.TotalSeconds:0.###} s (task.command.timeout)"), false);
        }
    }

    /// <summary>Kills it, and what it has started.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended, or its children have.
        }
        _process.Dispose();
    }

    /// <summary>The next line; null at the end of the output. One that is too long ends the output.</summary>
    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        _line.Clear();
        while (_line.Length <= GraderMessage.LongestReply)
        {
            int end = Array.IndexOf(_read, '\n', _from, _to - _from);
            _line.Append(_read, _from, (end < 0 ? _to : end) - _from);
            _from = end < 0 ? _to : end + 1;
            if (end >= 0)
            {
                return _line.ToString();
            }
            (_from, _to) = (0, await _process.StandardOutput.ReadAsync(_read, cancellationToken).ConfigureAwait(false));
            if (_to == 0)
            {
                return null;
            }
        }
        return $"an answer of more than {GraderMessage.LongestReply} characters";
    }

    private async Task<string> EndedAsync()
    {
        using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        string end = "closed its output";
        try
        {
            await _process.WaitForExitAsync(moment.Token).ConfigureAwait(false); // what it wrote to standard error as well
            end = $"ended with exit code {_process.ExitCode}";
        }
        catch (OperationCanceledException)
        {
            // It lives on without output.
        }
        return _lastError.Length > 0 ? $"it {end}: {_lastError}" : $"it {end}";
    }

    private void Heard(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            _lastError = line.Trim();
            TaskLog.Write(CommandTask.TaskName, line);
        }
    }
}
