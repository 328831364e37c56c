using System.IO.Pipes;
using System.Text;
using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;

namespace Bgpo.Grains.Tests;

/// <summary>A run depends on no file outside its store: it keeps a copy of its data, and knows by the hash whether a file is
/// that.</summary>
public sealed class RunFilesTests : IDisposable
{
    private readonly SmallRuns _runs = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-data-").FullName;

    public RunFilesTests() => Write(0);

    private string Data => Path.Combine(_folder, "ev.csv");

    private string Field => $"task.evaluationData={Data}";

    public void Dispose()
    {
        _runs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ARunWhoseDataFileIsGone_IsResumedAndForked_FromItsStoreAlone()
    {
        string undisturbed = (await _runs.Complete("a", 2, Field)).WeightsSha256;
        await _runs.StopAfter("b", 2, steps: 3, [Field]);
        File.Delete(Data);

        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);
        RunCompleted fork = (await _runs.Events("c", 2, run => run.Fork(SmallRuns.Spec(Field), "a", 2, own: [])))
            .OfType<RunCompleted>().Single();
        Assert.Equal(undisturbed, fork.WeightsSha256);
        RunRecord record = (await _runs.Store("c").ReadAsync())!.Record;
        Assert.Equal((await _runs.Store("a").ReadAsync())!.Record.EvaluationData, record.EvaluationData);
        Assert.Equal(RunStore.HashOf((await _runs.Store("c").ReadManifestAsync(4))!.Tokenizer), record.TokenizerSha256);
    }

    [Fact]
    public async Task ARunWhoseDataFileChanged_IsRefusedByItsName_UntilThatIsPutBackOrMovedAway()
    {
        string undisturbed = (await _runs.Complete("a", 1, Field)).WeightsSha256;
        await _runs.StopAfter("b", 1, steps: 2, [Field]);
        string before = (await _runs.Store("b").ReadAsync())!.ETag;
        Write(1);

        string said = await Refused("b", run => run.Resume());
        Assert.Contains(Data, said, StringComparison.Ordinal);
        Assert.Contains("--set task.evaluationData", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
        Assert.Equal(before, (await _runs.Store("b").ReadAsync())!.ETag);
        Assert.Contains(Data, await Refused("c", run => run.Fork(SmallRuns.Spec(Field), "b", 2, own: [])),
            StringComparison.Ordinal);

        // Nobody is there to ask when a controller has died: the next one has the run's copy.
        await _runs.SetState("b", RunState.Running);
        Assert.Equal(undisturbed,
            (await _runs.Events("b", 1, run => run.EnsureRunning())).OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task AForkThatNamesTheFile_TrainsByWhatIsThereNow()
    {
        await _runs.StopAfter("a", 1, steps: 2, [Field]);
        Write(1);
        Assert.Single((await _runs.Events("b", 1, run => run.Fork(SmallRuns.Spec(Field), "a", 2, ["task.evaluationData"])))
            .OfType<RunCompleted>());
        Assert.NotEqual(
            (await _runs.Store("a").ReadAsync())!.Record.EvaluationData!.Sha256,
            (await _runs.Store("b").ReadAsync())!.Record.EvaluationData!.Sha256);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFileTooLargeForACopy_MustBeThereAsItWas(bool isThere)
    {
        await _runs.StopAfter("a", 1, steps: 2, [Field]);
        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        Assert.NotNull(await _runs.Store("a").UpdateAsync(
            stored.Record with
            {
                State = RunState.Running,
                EvaluationData = stored.Record.EvaluationData! with { IsKept = false }
            }, stored.ETag));
        File.Delete(Data);
        if (isThere)
        {
            Write(1);
        }
        Assert.Contains(Data, await Refused("a", run => run.EnsureRunning()), StringComparison.Ordinal);
        Write(0);
        Assert.Single((await _runs.Events("a", 1, run => run.EnsureRunning())).OfType<RunCompleted>());
    }

    [Fact]
    public async Task ARunWhoseDataCameFromAPipe_GoesOnByItsCopy()
    {
        string undisturbed = (await _runs.Complete("a", 1, Field)).WeightsSha256;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        Task writing = Task.Run(async () =>
        {
            // More than the kernel holds of a pipe: the writer is there until the reader is.
            string[] lines = await File.ReadAllLinesAsync(Data);
            await pipe.WriteAsync(
                Encoding.UTF8.GetBytes(
                    string.Join('\n', [lines[0], .. Enumerable.Repeat(lines[1..], 60).SelectMany(all => all)])));
            pipe.DisposeLocalCopyOfClientHandle();
            await pipe.DisposeAsync();
        });
        await _runs.StopAfter("b", 1, steps: 2, [$"task.evaluationData=/dev/fd/{pipe.GetClientHandleAsString()}"]);
        await writing;

        Assert.Null((await _runs.Store("b").ReadAsync())!.Record.EvaluationData!.Path);
        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);
    }

    [Fact]
    public async Task ARunWhoseModelFolderIsGone_IsResumedAndForked_WithTheCopyOfItsTokenizer()
    {
        string model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        string source = Path.Combine(SmallRuns.BaseModel(), "..", "..", "tests", "Bgpo.Model.Tests", "Reference", "llada");
        foreach (string file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }
        string[] overrides = [$"model.path={model}", "run.steps=2", "evaluation.count=2", "checkpoint.every=1"];
        string undisturbed = (await _runs.Complete("a", 1, overrides)).WeightsSha256;
        await _runs.StopAfter("b", 1, steps: 1, overrides);
        Directory.Delete(model, recursive: true);

        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);
        RunCompleted fork = (await _runs.Events("c", 1, run => run.Fork(SmallRuns.Spec(overrides), "a", 1, own: [])))
            .OfType<RunCompleted>().Single();
        Assert.Equal(undisturbed, fork.WeightsSha256);
        Assert.NotNull((await _runs.Store("c").ReadAsync())!.Record.TokenizerFile);
    }

    [Fact]
    public async Task ACopyThatIsDamaged_IsReplacedByTheFile_WhereThatIsAsItWas()
    {
        await _runs.StopAfter("a", 1, steps: 2, [Field]);
        string copy = Assert.Single(Directory.GetFiles(Path.Combine(_runs.Root, "a", "files")));
        File.WriteAllText(copy, "x");
        File.Move(Data, Data + ".away");
        Assert.Contains(Path.GetFileName(copy), await Refused("a", run => run.Resume()), StringComparison.Ordinal);
        File.Move(Data + ".away", Data);
        Assert.Single((await _runs.Events("a", 1, run => run.Resume())).OfType<RunCompleted>());
    }

    /// <summary>Puzzles of grids that training would use otherwise: another file is another training set.</summary>
    private void Write(ulong seed)
    {
        ITask task = TaskRegistry.Create(new TaskSection());
        IEnumerable<Prompt> prompts = Enumerable.Range(0, 40).Select(i => task.TrainingPrompt(seed, 0, i));
        File.WriteAllText(Data,
            "Puzzle,Solution\n" + string.Concat(prompts.Select(prompt => $"{prompt.Text},{prompt.Reference}\n")));
    }

    private async Task<string> Refused(string run, Func<IRunGrain, Task> begin) =>
        (await Assert.ThrowsAsync<RunException>(() => _runs.Events(run, 1, begin))).Message;
}
