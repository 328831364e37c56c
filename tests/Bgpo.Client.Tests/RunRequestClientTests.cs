using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary>Commands that ask something of a run: in its store first, then by a call to its controller.</summary>
public sealed class RunRequestClientTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    private string Folder => Path.Combine(_console.Work, "runs");

    private RunStore Store => new RunCatalog(new LocalBlobStore(Folder)).Run("mine");

    [Fact]
    public async Task Pause_IsInTheStore_BeforeTheControllerIsTold_AndWaitedFor()
    {
        await Driven();
        RequestKind? inStore = null;
        _console.Host.Grain.WhenHeeding = async () =>
        {
            inStore = (await Store.ReadRequestsAsync()).Requests[^1].Kind;
            await Answer(record => record with { State = RunState.Paused, Reason = "lunch" }, 17);
        };
        Assert.Equal(0, await _console.Run("run", "pause", "mine", "--reason", "lunch"));
        Assert.Equal(RequestKind.Pause, inStore);
        Assert.Equal(
            "run mine: paused at version 17 (lunch)\nnext    bgpo run resume mine\n        bgpo run set mine " +
                "rollout.temperature=0.8\n", _console.Out.ToString());
    }

    [Fact]
    public async Task ARequest_StandsWhenTheCallIsLost_AndIsWaitedForInTheStore()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () =>
        {
            // Its silo died; another controller finds the request in the store.
            _ = Task.Run(() => Answer(record => record with { State = RunState.Paused }, 18));
            throw new Orleans.Runtime.SiloUnavailableException("gone");
        };
        Assert.Equal(0, await _console.Run("run", "pause", "mine", "--json"));
        JsonNode said = JsonNode.Parse(_console.Out.ToString())!;
        Assert.Equal((1, "pause", true, 18, "paused"),
            ((int)said["request"]!, (string?)said["kind"], (bool)said["taken"]!, (int)said["version"]!, (string?)said["state"]));
    }

    [Fact]
    public async Task NoWait_ReturnsAsSoonAsTheRequestIsDurable()
    {
        await Driven();
        Assert.Equal(0, await _console.Run("run", "checkpoint", "mine", "--no-wait"));
        Assert.Contains("asked, request 1; it takes effect at the next commit, whoever dies", _console.Out.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(RequestKind.Checkpoint, Assert.Single((await Store.ReadRequestsAsync()).Requests).Kind);
    }

    [Fact]
    public async Task OfARunThatNobodyDrives_TheRequestIsRecorded()
    {
        await Stored(RunState.Running, "gone");
        Assert.Equal(0, await _console.Run("run", "pause", "mine"));
        Assert.Contains("recorded, request 1; nobody drives the run now", _console.Out.ToString(), StringComparison.Ordinal);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "status", "mine", "--json"));
        Assert.Equal(1, (int)JsonNode.Parse(_console.Out.ToString())!["waiting"]!);
    }

    [Fact]
    public async Task Stop_WaitsForTheCheckpoint_AndSaysItsWeights()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () => Answer(record => record with { State = RunState.Stopped, Reason = "enough" }, 17);
        Assert.Equal(0, await _console.Run("run", "stop", "mine", "--reason", "enough"));
        Assert.Equal("enough", (await Store.ReadRequestsAsync()).Requests[^1].Reason);
        Assert.StartsWith("run mine: stopped at version 3 (enough); weights sha256 ", _console.Out.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("next    bgpo run resume mine\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_OfAPausedRun_IsARequestToo()
    {
        await Driven(RunState.Paused);
        _console.Host.Grain.WhenHeeding = () => Answer(record => record with { State = RunState.Running }, 17);
        Assert.Equal(0, await _console.Run("run", "resume", "mine", "--reason", "the disk is larger now"));
        Assert.Equal("the disk is larger now", (await Store.ReadRequestsAsync()).Requests[^1].Reason);
        Assert.False(_console.Host.Grain.IsResumed);
        Assert.Contains("run mine: goes on at version 17\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_SaysFromWhichStepItHolds()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () =>
            Answer(record => record with { Changes = [new(18, "rollout.temperature", "0.7", 1)] }, 18);
        Assert.Equal(0, await _console.Run("run", "set", "mine", "rollout.temperature=0.7"));
        Assert.Equal(["rollout.temperature=0.7"], (await Store.ReadRequestsAsync()).Requests[^1].Fields);
        Assert.Contains("run mine: rollout.temperature=0.7 from step 18 on, which makes version 19\n", _console.Out.ToString(),
            StringComparison.Ordinal);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "status", "mine"));
        Assert.Contains("changed     rollout.temperature=0.7 from step 18 on\n", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rollout.temprature=1", "field rollout.temprature: unknown field; did you mean 'rollout.temperature'?")]
    [InlineData("run.seed=4",
        "field run.seed: stays as the run was started; in mid-run there can change: optimizer.learningRate, ")]
    [InlineData("rollout.temperature=12", "field rollout.temperature: value '12': a number from 0 to 10")]
    [InlineData("rollout.temperature", "'rollout.temperature': expected FIELD=VALUE, for example rollout.temperature=0.7")]
    public async Task Set_OfWhatCannotBe_IsOneLineAndExitCode2(string field, string refusal)
    {
        await Driven();
        Assert.StartsWith(refusal, await _console.Refused(2, "run", "set", "mine", field), StringComparison.Ordinal);
        Assert.Empty((await Store.ReadRequestsAsync()).Requests);
    }

    [Fact]
    public async Task ARefusalByTheRun_IsOneLineAndExitCode1()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () => Answer(record => record, 17, "field run.steps: value '3': too late");
        Assert.Equal("run mine: refused: field run.steps: value '3': too late",
            await _console.Refused(1, "run", "set", "mine", "run.steps=3"));
    }

    [Fact]
    public async Task ARequestWhoseAnswerIsNotKeptAnyMore_IsNotTakenForDone()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () =>
            Change(record => record with { RequestsTaken = 9, Answers = [new RequestAnswer(9, 4)] });
        Assert.StartsWith(
            "run mine: refused: it was taken, but what came of it is not kept any more",
            await _console.Refused(1, "run", "set", "mine", "run.steps=300"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunThatEndsBeforeItTakesTheRequest_IsExitCode1()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () => Change(record => record with { State = RunState.Completed });
        Assert.Equal("run mine: completed before it took request 1", await _console.Refused(1, "run", "pause", "mine"));
    }

    [Fact]
    public async Task AChangeThatAStoppedRunHasNotTaken_IsSaidToHoldLater()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () => Change(record => record with { State = RunState.Stopped });
        Assert.Equal(
            "run mine: stopped before it took request 1, which holds from when the run goes on",
            await _console.Refused(1, "run", "set", "mine", "run.steps=300"));
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("stop")]
    [InlineData("checkpoint")]
    public async Task OfARunThatHasEnded_NothingCanBeAsked(string command)
    {
        await Stored(RunState.Stopped, "");
        Assert.Equal("run 'mine' is stopped already", await _console.Refused(2, "run", command, "mine"));
    }

    [Fact]
    public async Task AStoppedRun_CanBeChanged_ForWhenItGoesOn()
    {
        await Stored(RunState.Stopped, "");
        Assert.Equal(0, await _console.Run("run", "set", "mine", "run.steps=300"));
        Assert.Contains("recorded, request 1; nobody drives the run now, it takes effect when it goes on",
            _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlC_LeavesTheRequestStanding()
    {
        await Driven();
        _console.Host.Grain.WhenHeeding = () =>
        {
            _console.Interrupts.Signal();
            return Task.CompletedTask;
        };
        Assert.Equal(130, await _console.Run("run", "pause", "mine"));
        Assert.Single((await Store.ReadRequestsAsync()).Requests);
    }

    private Task Driven(RunState state = RunState.Running)
    {
        _console.Host.Clusters["demo"] = [_console.Machine.Silo(41, "demo", Folder)];
        return Stored(state, "demo");
    }

    private Task Stored(RunState state, string cluster) => _console.Stored("mine", state, cluster);

    /// <summary>What a controller writes when it has taken the newest request.</summary>
    private Task Answer(Func<RunRecord, RunRecord> change, int version, string? refused = null) =>
        Change(record => change(record) with
        {
            RequestsTaken = record.RequestsTaken + 1,
            Answers = [new RequestAnswer(record.RequestsTaken + 1, version, refused)],
        });

    private async Task Change(Func<RunRecord, RunRecord> change)
    {
        StoredRun stored = (await Store.ReadAsync())!;
        Assert.NotNull(await Store.UpdateAsync(change(stored.Record), stored.ETag));
    }
}
