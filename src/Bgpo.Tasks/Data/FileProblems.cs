using Bgpo.Spec;

namespace Bgpo.Tasks.Data;

/// <summary>
/// The problems of a task's data files: training problems, shuffled anew each epoch, and held-out ones in their file's order.
/// Only the newest few are held. The files are open as long as somebody has this: a controller may draw prompts after its silo
/// has let go of the task's other means.
/// </summary>
internal sealed class FileProblems
{
    /// <summary>Training prompts that are held, once they were read: a batch is asked for more than once.</summary>
    public const int MostHeld = 256;

    /// <summary>Problems that a notice names.</summary>
    private const int Named = 3;

    private readonly TaskSection _spec;
    private readonly TaskData _data;
    private readonly Func<DataRecord, Prompt> _pose;
    private readonly Dictionary<int, Prompt> _held = [];
    private readonly Queue<int> _order = [];
    private readonly Lock _gate = new();
    private int[]? _training;
    private int[]? _evaluation;

    /// <summary>Takes a task's files.</summary>
    /// <param name="spec">The task's section.</param>
    /// <param name="data">Its files.</param>
    /// <param name="pose">Makes a prompt of a record; the same record always makes the same one.</param>
    public FileProblems(TaskSection spec, TaskData data, Func<DataRecord, Prompt> pose)
    {
        (_spec, _data, _pose) = (spec, data, pose);
        data.Add(this);
    }

    /// <summary>Whether there are training files.</summary>
    public bool HasTraining => _data.Training.Count > 0;

    /// <summary>Whether there is an evaluation file.</summary>
    public bool HasEvaluation => _data.Evaluation is not null;

    /// <summary>The training files, for errors.</summary>
    public string Name => string.Join(", ", _data.Training.Select(file => file.Path));

    /// <summary>Training problems, but for those left out.</summary>
    public int Count => _training?.Length ?? Total;

    /// <summary>Prompts that are held in memory.</summary>
    public int Held => _held.Count;

    private int Total => _data.Training.Sum(file => file.Records.Count);

    /// <summary>
    /// The training problem at a place of the run's order: each comes once an epoch, in another order each time.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step that samples the batch.</param>
    /// <param name="index">Place in the batch, from 0.</param>
    /// <exception cref="TaskDataException">There is no training file, or it changed.</exception>
    public Prompt Training(ulong seed, int step, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        int count = HasTraining ? Count
            : throw new TaskDataException(
                _data.Evaluation?.Path ?? _spec.Name,
                $"task {_spec.Name} has no problems to train on; name a file of them in task.data.");
        (long epoch, long place) = Math.DivRem(_data.Place(seed, step, index), count);
        int problem = new Permutation(count, round => Streams.Order(seed, (uint)epoch, round))[(int)place];
        return At(_training is { } kept ? kept[problem] : problem);
    }

    /// <summary>The first held-out problems, in the file's order.</summary>
    /// <param name="count">How many; fewer where the file has fewer.</param>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _data.Evaluation is not { } file ? []
            : [.. (_evaluation ?? Enumerable.Range(0, file.Records.Count)).Take(count).Select(i => _pose(file.Records[i]))];
    }

    /// <summary>Reads the evaluation file once.</summary>
    /// <param name="seen">Told of its prompts.</param>
    /// <param name="notices">Told of what is left out.</param>
    public void CheckEvaluation(EvaluationTexts seen, List<string> notices)
    {
        if (_data.Evaluation is not { } file)
        {
            return;
        }
        var lengths = new LengthCheck(_spec, _data.Shape);
        List<int> kept = [];
        RecordIndex records = NotEmpty(file);
        for (int i = 0; i < records.Count; i++)
        {
            DataRecord record = records[i];
            Prompt prompt = _pose(record);
            if (lengths.Fits(record, prompt))
            {
                seen.Add(prompt.Text, record.Place);
                kept.Add(i);
            }
        }
        _evaluation = lengths.Keep(file.Path, kept, records.Count, notices);
    }

    /// <summary>Reads the training files once.</summary>
    /// <param name="seen">The prompts of all evaluation files.</param>
    /// <param name="notices">Told of what is left out, and of what is in an evaluation file too.</param>
    public void CheckTraining(EvaluationTexts seen, List<string> notices)
    {
        var leaks = new LeakCheck(_spec.Leaks, seen);
        List<int> all = [];
        int first = 0;
        foreach (DataFile file in _data.Training)
        {
            var lengths = new LengthCheck(_spec, _data.Shape);
            List<int> kept = [];
            RecordIndex records = NotEmpty(file);
            for (int i = 0; i < records.Count; i++)
            {
                DataRecord record = records[i];
                Prompt prompt = _pose(record);
                if (lengths.Fits(record, prompt) && leaks.Keeps(record, prompt))
                {
                    kept.Add(first + i);
                }
            }
            _ = lengths.Keep(file.Path, kept, records.Count, notices);
            all.AddRange(kept);
            first += records.Count;
        }
        leaks.Tell(Name, first, notices);
        if (first > 0 && all.Count == 0)
        {
            throw new TaskDataException(_data.Training[0].Path, "no problem is left to train on; give other files.");
        }
        _training = all.Count == first ? null : [.. all];
    }

    private Prompt At(int problem)
    {
        lock (_gate)
        {
            if (_held.TryGetValue(problem, out Prompt? held))
            {
                return held;
            }
        }
        int inFile = problem;
        int file = 0;
        while (inFile >= _data.Training[file].Records.Count)
        {
            inFile -= _data.Training[file++].Records.Count;
        }
        Prompt prompt = _pose(_data.Training[file].Records[inFile]);
        lock (_gate)
        {
            if (_held.TryAdd(problem, prompt))
            {
                _order.Enqueue(problem);
            }
            while (_order.Count > MostHeld)
            {
                _held.Remove(_order.Dequeue());
            }
        }
        return prompt;
    }

    private static RecordIndex NotEmpty(DataFile file) => file.Records is { Count: > 0 } records ? records
        : throw new TaskDataException(
            file.Path, "the file holds no problem; give JSON lines, CSV with a header, or Parquet, packed by gzip or not.");

    /// <summary>Leaves out, or refuses, what is longer than the model's room.</summary>
    private sealed class LengthCheck(TaskSection spec, RunShape? shape)
    {
        private int _dropped;
        private string _first = "";

        public bool Fits(DataRecord record, Prompt prompt)
        {
            if (TokensOver(record, prompt) is not { } tokens)
            {
                return true;
            }
            if (spec.TooLong == TooLong.Error)
            {
                throw record.Refused(
                    $"the prompt has {tokens} tokens; the model has room for {shape!.Room} beside the response. Shorten it, or set "
                    + "task.tooLong: drop to leave such problems out.");
            }
            _first = _dropped++ == 0 ? $"{record.Place} with {tokens} tokens" : _first;
            return false;
        }

        private int? TokensOver(DataRecord record, Prompt prompt)
        {
            try
            {
                return shape?.TooLong(prompt.Text);
            }
            catch (ArgumentException e)
            {
                throw record.Refused($"the model cannot read the prompt: {e.Message}");
            }
        }

        /// <summary>What is kept; null where all is.</summary>
        public int[]? Keep(string path, List<int> kept, int all, List<string> notices)
        {
            if (_dropped == 0)
            {
                return null;
            }
            notices.Add(
                $"{path}: {_dropped} of {all} problems are left out: their prompts are longer than the {shape!.Room} tokens that the "
                + $"model has room for (first {_first}; task.tooLong).");
            return kept.Count > 0 ? [.. kept]
                : throw new TaskDataException(
                    path, $"every prompt is longer than the {shape.Room} tokens that the model has room for; lower "
                    + "rollout.responseLength or give other problems.");
        }
    }

    /// <summary>Finds training problems that evaluation files have too.</summary>
    private sealed class LeakCheck(Leaks choice, EvaluationTexts seen)
    {
        private readonly List<string> _named = [];
        private int _exact;
        private int _alike;

        public bool Keeps(DataRecord record, Prompt prompt)
        {
            if (seen.IsEmpty || seen.Find(prompt.Text, out bool isExact) is not { } place)
            {
                return true;
            }
            _ = isExact ? _exact++ : _alike++;
            if (_named.Count < Named)
            {
                _named.Add($"{record.Place} = {place}");
            }
            return choice != Leaks.Drop;
        }

        public void Tell(string path, int all, List<string> notices)
        {
            if (_exact + _alike == 0)
            {
                return;
            }
            string what = $"{_exact + _alike} of {all} training problems are in the evaluation data too ({_exact} letter for letter, "
                + $"{_alike} but for case, spacing and punctuation): {string.Join(", ", _named)}"
                + (_exact + _alike > _named.Count ? ", …" : "");
            switch (choice)
            {
                case Leaks.Error:
                    throw new TaskDataException(path, $"{what}. Take them out, or set task.leaks: drop, which leaves them out.");
                case Leaks.Drop:
                    notices.Add($"{path}: {what}; they are left out of training (task.leaks).");
                    break;
                default:
                    notices.Add(
                        $"{path}: {what}; the evaluation asks for what training shows. task.leaks: drop leaves them out.");
                    break;
            }
        }
    }
}
