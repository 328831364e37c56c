using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bgpo.Tasks.Sandboxes;

namespace Bgpo.Tasks.Code;

/// <summary>
/// Runs programs against tests. The program has a sandbox of its own and sees arguments only; the tests, with all that they
/// expect, run in another, and call the program over pipes through this process. Their verdict counts with a nonce that only they
/// were given. Outputs of whole programs are compared here.
/// </summary>
internal sealed class CodeGrader : IDisposable
{
    private static readonly byte[] s_candidate = Encoding.UTF8.GetBytes(
        PythonSource.Read("Wire.py") + PythonSource.Read("Candidate.py"));

    private static readonly byte[] s_checker = Encoding.UTF8.GetBytes(
        PythonSource.Read("Wire.py") + PythonSource.Read("Checker.py"));

    private readonly TimeSpan _timeout;
    private readonly bool _isShare;
    private readonly SemaphoreSlim _slots;
    private readonly SandboxPool _pool;

    /// <summary>Makes a grader.</summary>
    /// <param name="timeout">How long a program may take for all tests together, and the tests beside it.</param>
    /// <param name="limits">What a program may use besides.</param>
    /// <param name="isShare">Whether the reward is the share of tests passed, not all or nothing.</param>
    /// <param name="workers">Programs at the same time.</param>
    /// <exception cref="SandboxUnavailableException">Bubblewrap or Python is not on this machine.</exception>
    public CodeGrader(TimeSpan timeout, SandboxLimits limits, bool isShare, int workers)
    {
        (_timeout, _isShare) = (timeout, isShare);
        _slots = new SemaphoreSlim(workers);
        _pool = new SandboxPool(limits, 2 * workers);
    }

    /// <summary>Judges a completion.</summary>
    /// <param name="problem">The tests.</param>
    /// <param name="completion">Any text at all.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    public async Task<Score> GradeAsync(CodeProblem problem, string completion, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> readings = ProgramText.Readings(problem, completion);
        if (readings.Count == 0)
        {
            return Score.Malformed("no program");
        }
        await _slots.WaitAsync(cancellationToken);
        try
        {
            // Pipes are read by a thread that waits: not one of the pool's.
            return await Task.Factory.StartNew(
                () => Grade(problem, readings, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }
        catch (SandboxUnavailableException e)
        {
            return Score.Failed(e.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pool.Dispose();
        _slots.Dispose();
    }

    private Score Grade(CodeProblem problem, IReadOnlyList<string> readings, CancellationToken cancellationToken)
    {
        using var program = new TimedSandbox(_pool.Rent(cancellationToken), _timeout, cancellationToken);
        try
        {
            byte[] said = program.Ask(
            [
                s_candidate, Bytes(problem.IsScript ? "script" : "module"), Bytes($"{readings.Count}"), .. readings.Select(Bytes),
            ]);
            LoadedProgram loaded = LoadedProgram.Parse(said);
            return loaded.Malformed is { } malformed ? Score.Malformed($"not Python: {malformed}")
                : loaded.Failure is { } failure ? Score.Scored(0, false, failure)
                : problem.IsScript ? RunScript(problem, program, _isShare)
                : RunTests(problem, program, loaded, cancellationToken);
        }
        catch (SandboxEndedException e)
        {
            return e.End == SandboxEnd.Starved ? Score.Failed($"the program {e.Message}") : Score.Scored(0, false, e.Message);
        }
    }

    private Score RunTests(CodeProblem problem, TimedSandbox program, LoadedProgram loaded, CancellationToken cancellationToken)
    {
        using var tests = new TimedSandbox(_pool.Rent(cancellationToken), 2 * _timeout, cancellationToken);
        string nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        bool hasCalled = false;
        try
        {
            byte[] next = tests.Ask([s_checker, Bytes(TestsOf(problem, loaded, nonce))]);
            while (next is not [(byte)'V', ..])
            {
                hasCalled = true;
                next = tests.Ask([Answer(program, next)]);
            }
            return ScoreOf(Verdict.Parse(next.AsSpan(1), nonce));
        }
        catch (SandboxEndedException e) when (program.End == SandboxEnd.Starved)
        {
            return Score.Failed($"the program {e.Message}");
        }
        catch (SandboxEndedException e)
        {
            return e.End == SandboxEnd.Starved || !hasCalled ? Score.Failed($"the tests' sandbox {e.Message}")
                : Score.Scored(0, false, $"the tests could not deal with what the program gave: {e.Message}");
        }
    }

    /// <summary>The program's answer to a message of the tests, or that there is none any more.</summary>
    private static byte[] Answer(TimedSandbox program, byte[] message)
    {
        try
        {
            return program.Ask([message]);
        }
        catch (SandboxEndedException e) when (e.End != SandboxEnd.Starved)
        {
            return JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["gone"] = e.Message });
        }
    }

    private static Score RunScript(CodeProblem problem, TimedSandbox program, bool isShare)
    {
        int passed = 0;
        string info = "";
        for (int i = 0; i < problem.Outputs.Count; i++)
        {
            string? failure = RunOnce(program, problem.Inputs[i], problem.Outputs[i]);
            passed += failure is null ? 1 : 0;
            if (failure is not null && info.Length == 0)
            {
                info = $"test {i + 1} of {problem.Outputs.Count}: {failure}";
            }
            if (failure is not null && (program.End is not null || !isShare))
            {
                break;
            }
        }
        return ScoreOf(passed, problem.Outputs.Count, info, isShare);
    }

    /// <summary>Why a run of the program is wrong; null where it is right.</summary>
    private static string? RunOnce(TimedSandbox program, string input, string output)
    {
        try
        {
            (string written, string error) = ScriptRun.Parse(program.Ask([Bytes(input)]));
            return error.Length > 0 ? error : ScriptRun.AreEqual(written, output) ? null : "wrong output";
        }
        catch (SandboxEndedException e) when (e.End != SandboxEnd.Starved)
        {
            return e.Message;
        }
    }

    private Score ScoreOf(Verdict verdict) => verdict.Broken.Length > 0 ? Score.Failed($"the tests cannot run: {verdict.Broken}")
        : verdict is { Total: 0, Info: "" } ? Score.Failed("there is no test")
        : ScoreOf(verdict.Passed, verdict.Total, verdict.Info, _isShare);

    private static Score ScoreOf(int passed, int total, string info, bool isShare)
    {
        bool isExact = passed == total && info.Length == 0;
        // What fails outside of all tests is one more that is not passed.
        double share = isExact ? 1 : (double)passed / Math.Max(total, passed + 1);
        return Score.Scored(isShare ? share : Math.Floor(share), isExact, info);
    }

    private string TestsOf(CodeProblem problem, LoadedProgram loaded, string nonce) => JsonSerializer.Serialize(
        new Dictionary<string, object>
        {
            ["nonce"] = nonce,
            ["all"] = !_isShare,
            ["prelude"] = problem.Prelude,
            ["setup"] = problem.Setup,
            ["cases"] = problem.Cases,
            ["suite"] = problem.Suite,
            ["entry"] = problem.Entry,
            ["names"] = loaded.Names,
        });

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
