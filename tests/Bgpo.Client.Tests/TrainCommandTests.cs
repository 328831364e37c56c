using System.Text.Json;
using Bgpo.Grains;
using Bgpo.Spec;

namespace Bgpo.Client.Tests;

public sealed class TrainCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task RunToItsEnd_PrintsALineAStepAndTheSummary()
    {
        _console.Host.Grain.Emits(
            Events.Started, Events.Before, Events.Rollout, Events.Step(1), Events.Step(2), Events.Completed);

        Assert.Equal(0, await _console.Run("train", "--run", "sudoku-1", "--threads", "3", "--store", "s"));

        var lines = _console.Out.ToString().Split('\n');
        Assert.Equal(2, lines.Count(line => line.StartsWith("version ", StringComparison.Ordinal)));
        Assert.Contains("weights     sha256 0123abcd", lines);
        Assert.Equal("", _console.Error.ToString());
        Assert.Equal(("sudoku-1", Path.Combine(_console.Work, "s"), "cpu:3"),
            (_console.Host.Run, _console.Host.Options!.Store, _console.Host.Options.Devices.ToString()));
        Assert.True(_console.Host.IsDisposed);
    }

    [Fact]
    public async Task TheRunsSpec_HasFullPaths_SoThatItGoesOnFromAnyFolder()
    {
        _console.WorkFile("d.jsonl", "");
        _console.Host.Grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--set", "task.evaluationData=d.jsonl"));

        var spec = SpecLoader.Load<RunSpec>(_console.Host.Grain.Yaml!, "stored", []);
        Assert.Equal(Path.Combine(_console.Home, "models", "base"), spec.Model.Path);
        Assert.Equal(Path.Combine(_console.Work, "d.jsonl"), spec.Task.EvaluationData);
    }

    [Fact]
    public async Task TheWorkingFoldersModel_GoesBeforeTheProjects()
    {
        var mine = Directory.CreateDirectory(Path.Combine(_console.Work, "models", "base")).FullName;
        _console.WorkFile("models/base/config.json", "{}");
        _console.Host.Grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run("train"));
        Assert.Equal(mine, SpecLoader.Load<RunSpec>(_console.Host.Grain.Yaml!, "stored", []).Model.Path);
    }

    [Fact]
    public async Task RunWithoutAName_IsNamedAfterItsSpecAndTheTime()
    {
        _console.Host.Grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--set", "run.name=" + new string('n', 63)));
        Assert.Matches(@"\An{47}-\d{8}-\d{6}\z", _console.Host.Run!);
    }

    [Fact]
    public async Task Json_IsJsonOnly_AndEndsWithTheCompletedLine()
    {
        _console.Host.Grain.Emits(Events.Started, Events.Rollout, Events.Step(1), Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--json"));

        var events = _console.Out.ToString().TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["started", "progress", "step", "completed"], events.Select(e => e.GetProperty("event").GetString()));
        Assert.True(events[^1].GetProperty("peakRssMiB").GetDouble() > 1);
    }

    [Fact]
    public async Task Quiet_LeavesOutTheSteps()
    {
        _console.Host.Grain.Emits(Events.Started, Events.Before, Events.Step(1), Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--quiet"));
        Assert.DoesNotContain("\nstep ", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("held out at version 0", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_StopsTheRun_WaitsForItsCheckpoint_AndSaysHowToGoOn()
    {
        var grain = _console.Host.Grain.Emits(Events.Started, Events.Step(1));
        grain.WhenWatched = _console.Interrupts.Signal;
        grain.WhenStopped = () => grain.Emits(Events.Step(48), Events.Stopped);

        Assert.Equal(130, await _console.Run("train", "--run", "sudoku-1", "--store", "my runs"));

        Assert.Equal("interrupted", grain.StopReason);
        Assert.Equal("bgpo: stopping after the step in hand is saved; Ctrl-C again leaves at once\n", _console.Error.ToString());
        Assert.Contains("next        bgpo train --resume sudoku-1 --store 'my runs'\n", _console.Out.ToString(),
            StringComparison.Ordinal);
        Assert.False(_console.HasLeft);
        Assert.True(_console.Host.IsDisposed);
    }

    [Fact]
    public async Task Interrupt_WithJson_KeepsMessagesOffStdout()
    {
        var grain = _console.Host.Grain.Emits(Events.Started);
        grain.WhenWatched = _console.Interrupts.Signal;
        grain.WhenStopped = () => grain.Emits(Events.Stopped);

        Assert.Equal(130, await _console.Run("train", "--json", "--run", "sudoku-1"));

        Assert.All(_console.Out.ToString().TrimEnd().Split('\n'), line => JsonDocument.Parse(line));
        Assert.Contains("resume with: bgpo train --resume sudoku-1", _console.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_ThatComesTooLate_LetsTheRunBeComplete()
    {
        var grain = _console.Host.Grain.Emits(Events.Started);
        grain.WhenWatched = _console.Interrupts.Signal;
        grain.WhenStopped = () => grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run("train"));
    }

    [Fact]
    public async Task InterruptBeforeTheRunStarts_StartsNone()
    {
        _console.Interrupts.Signal();
        Assert.Equal("interrupted", await _console.Refused(130, "train"));
        Assert.Null(_console.Host.Grain.Yaml);
    }

    [Fact]
    public async Task FailedRun_IsOneLineAndExitCode1()
    {
        _console.Host.Grain.Emits(
            Events.Started, new RunFailed(
                2, "sudoku-1", 7, "unit (7, 3, 0): gradient is not finite; lower optimizer.learningRate", false));
        Assert.Equal(1, await _console.Run("train"));
        Assert.Equal(
            "bgpo: run sudoku-1 failed at version 7: unit (7, 3, 0): gradient is not finite; lower optimizer.learningRate\n",
            _console.Error.ToString());
    }

    [Fact]
    public async Task RefusedStart_IsOneLineAndExitCode2()
    {
        _console.Host.Grain.Error = new RunException("run x exists already; choose another --run, or --resume x");
        Assert.Equal("run x exists already; choose another --run, or --resume x",
            await _console.Refused(2, "train", "--run", "x"));
    }

    [Fact]
    public async Task RunThatCannotBeWatchedAnyMore_IsAFailedRun()
    {
        _console.Host.Grain.WhenWatched = () => throw new RunException("run x: its controller is gone; resume it");
        Assert.Equal("run x: its controller is gone; resume it", await _console.Refused(1, "train", "--run", "x"));
    }

    [Fact]
    public async Task Resume_GoesOnWithTheRun_AndSendsNoSpec()
    {
        await _console.Stored("sudoku-1", RunState.Stopped, "");
        _console.Host.Grain.Emits(Events.Started with { Version = 40 }, Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--resume", "sud"));
        Assert.Equal((true, null, "sudoku-1"), (_console.Host.Grain.IsResumed, _console.Host.Grain.Yaml, _console.Host.Run));
    }

    [Theory]
    [InlineData("gpu", "option --devices: value 'gpu': cpu:N for N threads, cuda:I for one GPU or several with commas between, " +
        "or cuda:all")]
    [InlineData("cpu:2 --threads 2", "options --devices and --threads: give one of them; --threads N is --devices cpu:N")]
    public async Task DevicesThatCannotBe_AreRefusedBeforeThereIsARun(string devices, string message)
    {
        Assert.Contains(message, await _console.Refused(2, ["train", "--devices", .. devices.Split(' ')]),
            StringComparison.Ordinal);
        Assert.Null(_console.Host.Run);
    }

    [Theory]
    [InlineData(RunState.Completed, 0)]
    [InlineData(RunState.Failed, 1)]
    public async Task RunThatEndedUnwatched_IsReportedByItsState(RunState state, int code)
    {
        await _console.Stored("r", RunState.Completed, "");
        _console.Host.Grain.EndStream();
        _console.Host.Grain.Status = new RunStatus("r", state, 3, 3, 1, 3, "", "");
        Assert.Equal(code, await _console.Run("train", "--resume", "r"));
        Assert.Equal($"bgpo: run r: {Format.State(state)} at version 3 of 3\n", _console.Error.ToString());
    }
}
