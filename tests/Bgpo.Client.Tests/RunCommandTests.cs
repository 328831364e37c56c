using System.Text.Json.Nodes;
using Bgpo.Grains;

namespace Bgpo.Client.Tests;

public sealed class RunCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Start_StartsTheRunInTheCluster_AndSaysWhatIsNext()
    {
        Cluster("demo");
        Assert.Equal(0, await _console.Run("run", "start", "--cluster", "demo", "--run", "mine", "--steps", "7"));
        Assert.Equal("mine", _console.Host.Run);
        Assert.Contains("steps: 7", _console.Host.Grain.Yaml, StringComparison.Ordinal);
        Assert.Equal(
            "run mine: started in cluster demo\nnext    bgpo run watch mine --cluster demo\n        bgpo run stop mine " +
                "--cluster demo\n", _console.Out.ToString());
    }

    [Fact]
    public async Task Start_WhereNoSiloLives_IsOneLineAndExitCode2() =>
        Assert.StartsWith("cluster 'demo' has no live silo", await _console.Refused(2, "run", "start", "--cluster", "demo"),
            StringComparison.Ordinal);

    [Fact]
    public async Task Start_OfARunThatExists_IsOneLineAndExitCode2()
    {
        Cluster("demo");
        _console.Host.Grain.Error = new RunException("run 'mine' exists already in /s");
        Assert.Equal("run 'mine' exists already in /s",
            await _console.Refused(2, "run", "start", "--cluster", "demo", "--run", "mine"));
    }

    public static TheoryData<RunEvent, int> Ends => new()
    {
        { Events.Completed, 0 },
        { new RunFailed(9, "mine", 3, "no", false), 1 },
        { Events.Stopped, 130 },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task StartAndWait_EndsWithTheRunsExitCode(RunEvent end, int code)
    {
        Cluster("demo");
        _console.Host.Grain.Emits(Events.Started, Events.Step(1), end);
        Assert.Equal(code, await _console.Run("run", "start", "--cluster", "demo", "--run", "mine", "--wait"));
        Assert.Contains("version   1/120", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_IsLeftByCtrlC_AndTheRunGoesOn()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Running, "demo");
        _console.Host.Grain.Emits(Events.Started).WhenWatched = _console.Interrupts.Signal;
        Assert.Equal(130, await _console.Run("run", "watch", "mine"));
        Assert.Null(_console.Host.Grain.StopReason);
        Assert.Contains("left; run mine goes on in cluster demo", _console.Error.ToString(), StringComparison.Ordinal);
        Assert.True(_console.Machine.HasGivenWay);
    }

    [Fact]
    public async Task WatchUntilAVersion_LeavesWhenItIsCommitted()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Running, "demo");
        _console.Host.Grain.Emits(Events.Started, Events.Step(1), Events.Step(2));
        Assert.Equal(0, await _console.Run("run", "watch", "mine", "--until", "2"));
        Assert.Contains("version   2/120", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _console.Error.ToString());
        // It is there already.
        _console.Host.Grain.Status = _console.Host.Grain.Status with { Version = 2 };
        Assert.Equal(0, await _console.Run("run", "watch", "mine", "--until", "2"));
    }

    [Fact]
    public async Task AnIdCanBeShortened_WhereItIsUnique()
    {
        Cluster("demo");
        await _console.Stored("sudoku-1", RunState.Running, "demo");
        await _console.Stored("countdown-1", RunState.Running, "demo");
        Assert.Equal(0, await _console.Run("run", "status", "sud", "--json"));
        Assert.Equal("sudoku-1", _console.Host.Run);
    }

    [Fact]
    public async Task AnIdThatIsNotUnique_IsRefused_WithWhatItCouldBe()
    {
        await _console.Stored("sudoku-1", RunState.Completed, "");
        await _console.Stored("sudoku-2", RunState.Completed, "");
        Assert.Equal("run 'sudoku': 2 runs in runs begin so: sudoku-1, sudoku-2",
            await _console.Refused(2, "run", "status", "sudoku"));
    }

    [Fact]
    public async Task AnIdThatNoRunHas_IsRefused_WithASuggestion()
    {
        await _console.Stored("sudoku-1", RunState.Completed, "");
        Assert.Equal(
            "no run 'sodoku-1' in runs; did you mean 'sudoku-1'?; bgpo run list --store runs lists them",
            await _console.Refused(2, "run", "watch", "sodoku-1"));
    }

    [Fact]
    public async Task Status_OfARunThatNobodyDrives_ComesFromTheStore()
    {
        await _console.Stored("mine", RunState.Running, "gone");
        Assert.Equal(0, await _console.Run("run", "status", "mine", "--json"));
        JsonNode status = JsonNode.Parse(_console.Out.ToString())!;
        Assert.Equal(("lost", "", 3, 100),
            ((string?)status["state"], (string?)status["cluster"], (int)status["checkpoint"]!, (int)status["steps"]!));
    }

    [Fact]
    public async Task Resume_GoesOnWithTheRun()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Stopped, "demo");
        Assert.Equal(0, await _console.Run("run", "resume", "mine", "--cluster", "demo", "--reason", "again"));
        Assert.Equal("again", _console.Host.Grain.Resumption?.Reason);
    }

    [Fact]
    public async Task AStoreThatIsNotTheClusters_IsRefused()
    {
        Cluster("demo");
        string refusal = await _console.Refused(2, "run", "list", "--cluster", "demo", "--store", "other");
        Assert.Equal($"option --store: value 'other': cluster 'demo' keeps its runs in '{_console.Store}'; leave --store out",
            refusal);
    }

    [Fact]
    public async Task List_ShowsEachRun_OrOnlyTheActiveOnes()
    {
        Cluster("demo");
        await _console.Stored("a", RunState.Completed, "demo");
        await _console.Stored("b", RunState.Running, "demo");
        Assert.Equal(0, await _console.Run("run", "list", "--json"));
        Assert.Equal(["a", "b"],
            _console.Out.ToString().TrimEnd().Split('\n').Select(line => (string?)JsonNode.Parse(line)!["run"]));
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "list", "--active"));
        Assert.Contains("running    3 of 100", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("completed", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedRun_HidesNoOther()
    {
        await _console.Stored("a", RunState.Completed, "");
        await _console.Stored("b", RunState.Completed, "");
        File.WriteAllText(Path.Combine(_console.Store, "a", "run.json"), "{}");
        Assert.Equal(0, await _console.Run("run", "list"));
        Assert.Contains("a             damaged", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("b             completed", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClusterStop_AsksItsSilosToLeave_AndNobodyElse()
    {
        Cluster("demo");
        _console.Machine.Silo(50, "other", _console.Store);
        Assert.Equal(0, await _console.Run("cluster", "stop", "--cluster", "demo", "--json"));
        Assert.Equal((2, 0), (
            (int)JsonNode.Parse(_console.Out.ToString())!["left"]!, (int)JsonNode.Parse(_console.Out.ToString())!["killed"]!));
        Assert.Equal([41, 42], _console.Machine.Sent.Select(sent => sent.Process).Distinct().Order());
        Assert.Equal(50, Assert.Single(_console.Machine.Processes).Id);
    }

    [Fact]
    public async Task ClusterSilos_NamesEach()
    {
        Cluster("demo");
        Assert.Equal(0, await _console.Run("cluster", "silos", "--cluster", "demo", "--json"));
        Assert.Equal(["silo-41", "silo-42"],
            _console.Out.ToString().TrimEnd().Split('\n').Select(line => (string?)JsonNode.Parse(line)!["silo"]));
    }

    [Fact]
    public async Task AClusterThatDies_IsWaitedForAWhile_AndThenGivenUp()
    {
        Cluster("demo");
        var time = new Patient();
        _console.Host.Grain.WhenWatched = () =>
        {
            _console.Host.Clusters.Clear();
            throw new Orleans.Runtime.SiloUnavailableException("gone");
        };
        var watch = new Watching.RunWatch(
            _console.Host.Grain, new Watching.PlainPresenter(new Terminal(_console.Out, _console.Error), false), time, () =>
                _console.Host.IsAlive("demo"));
        await Assert.ThrowsAsync<Watching.ClusterLostException>(() => watch.ToTheEnd(CancellationToken.None));
        Assert.InRange(time.Passed, Watching.RunWatch.Patience, 2 * Watching.RunWatch.Patience);
    }

    [Fact]
    public async Task AControllerThatDies_IsNamedAmongTheLost_ToWhoWatchedItAndItsSuccessor()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Running, "demo");
        _console.Host.Grain.Emits(
            new RosterChanged(1, 2, 2, ["a", "b"], [], 1), Events.Step(1),
            new RosterChanged(2, 1, 1, ["b"], [], 2), // its successor's first look
            new RosterChanged(3, 2, 2, ["c"], [], 3), new RosterChanged(4, 1, 1, [], ["c"], 4), Events.Completed);
        Assert.Equal(0, await _console.Run("run", "watch", "mine", "--json"));
        JsonNode[] silos = [.. _console.Out.ToString().TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)
            .Where(line => (string)line["event"]! == "silos")];
        Assert.Equal(["a,b", "", "c", ""], silos.Select(line => string.Join(',', line["joined"]!.AsArray())));
        Assert.Equal(["", "a", "", "c"], silos.Select(line => string.Join(',', line["lost"]!.AsArray())));
    }

    [Fact]
    public async Task WatchUntilAVersionThatNeverComes_IsRefused()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Running, "demo");
        Assert.Equal("option --until: value '101': run 'mine' ends at version 100",
            await _console.Refused(2, "run", "watch", "mine", "--until", "101"));
        // Unless it was asked for.
        Assert.Equal(0, await _console.Run("run", "set", "mine", "run.steps=101", "--no-wait"));
        _console.Host.Grain.Emits(Events.Started, Events.Step(101));
        Assert.Equal(0, await _console.Run("run", "watch", "mine", "--until", "101"));
    }

    [Fact]
    public async Task WhereThereIsNoRun_TheCommandThatMakesOneThereIsNamed()
    {
        Directory.CreateDirectory(Path.Combine(_console.Work, "other"));
        Assert.Equal("no run 'x' in other; bgpo train --store other makes one",
            await _console.Refused(2, "run", "status", "x", "--store", "other"));
        _console.Error.GetStringBuilder().Clear();
        Cluster("demo");
        Assert.Equal("no run 'x' in runs; bgpo run start --cluster demo makes one",
            await _console.Refused(2, "run", "status", "x", "--cluster", "demo"));
    }

    [Fact]
    public async Task Status_NamesTheSiloThatDrivesTheRun()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Running, "demo");
        _console.Host.Grain.Status = _console.Host.Grain.Status with { SiloName = "silo-42" };
        Assert.Equal(0, await _console.Run("run", "status", "mine"));
        Assert.Contains("cluster     demo, driven by silo silo-42\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_OfARunThatATrainCompleted_NeedsNoCluster()
    {
        await _console.Stored("mine", RunState.Completed, "");
        Assert.Equal(0, await _console.Run("run", "resume", "mine"));
        Assert.StartsWith("run mine: is completed at version 3", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pause_OfARunThatNobodyDrives_SaysHowToTakeItUp()
    {
        await _console.Stored("mine", RunState.Running, "gone");
        Assert.Equal(0, await _console.Run("run", "pause", "mine"));
        Assert.Contains("next    bgpo train --resume mine --store runs\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_OfAnEndThatIsPassed_IsRefusedAtOnce()
    {
        await _console.Stored("mine", RunState.Stopped, "");
        Assert.Equal("field run.steps: value '2': the run has begun step 2; 3 or more, or stop the run",
            await _console.Refused(2, "run", "set", "mine", "run.steps=2"));
    }

    [Fact]
    public async Task Resume_OfACompletedRun_SaysThatNothingIsLeft()
    {
        Cluster("demo");
        await _console.Stored("mine", RunState.Completed, "demo");
        _console.Host.Grain.Status = _console.Host.Grain.Status with { State = RunState.Completed, Version = 3 };
        Assert.Equal(0, await _console.Run("run", "resume", "mine", "--cluster", "demo"));
        Assert.Equal(
            "run mine: is completed at version 3, there is nothing to go on with\nnext    bgpo run status mine --cluster demo\n",
            _console.Out.ToString());
    }

    [Theory]
    [InlineData("run list --store nowhere")]
    [InlineData("runs --store nowhere")]
    [InlineData("run status mine --store nowhere")]
    [InlineData("checkpoints mine --store nowhere")]
    [InlineData("train --resume mine --store nowhere")]
    public async Task AStoreThatIsNotThere_IsNamed(string line) =>
        Assert.Equal("option --store: value 'nowhere': no such folder", await _console.Refused(2, line.Split(' ')));

    private void Cluster(string name) =>
        _console.Host.Clusters[name] =
            [_console.Machine.Silo(41, name, _console.Store), _console.Machine.Silo(42, name, _console.Store)];

    /// <summary>A clock on which every wait is over at once, and counted.</summary>
    private sealed class Patient : TimeProvider
    {
        public TimeSpan Passed { get; private set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Passed;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromDays(1))
            {
                Passed += dueTime;
            }

            return System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
        }
    }
}
