using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <summary>
/// A run's spec, step by step: as it was started, and with each field that was changed in mid-run from the step on that the
/// change is recorded for. A step taken again, by whomever, finds the same values; so the weights follow from spec and changes
/// alone.
/// </summary>
public sealed class RunSettings
{
    private readonly string _yaml;
    private readonly string _run;
    private readonly List<SpecChange> _changes;
    private (int Step, RunSpec Spec)? _made;

    /// <summary>The settings of a run's record.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="SpecException">Its spec is bad.</exception>
    public RunSettings(RunRecord record)
    {
        (_yaml, _run, _changes) = (record.Spec, record.RunId, [.. record.Changes ?? []]);
        (Started, Newest) = (Made([]), Made(_changes));
    }

    /// <summary>The settings of a run that nobody changes.</summary>
    /// <param name="spec">Its spec.</param>
    public RunSettings(RunSpec spec) =>
        (_yaml, _run, _changes, Started, Newest) = (SpecWriter.Write(spec), spec.Run.Name, [], spec, spec);

    /// <summary>The spec as the run was started: for what is to be the same at every version.</summary>
    public RunSpec Started { get; }

    /// <summary>The spec with every change: for what no step's bits depend on, and for where the run ends.</summary>
    public RunSpec Newest { get; private set; }

    /// <summary>The spec that a step is taken by.</summary>
    /// <param name="step">The step.</param>
    public RunSpec At(int step)
    {
        if (_made is not { } made || made.Step != step)
        {
            _made = made = (step,
                _changes.TrueForAll(change => change.FromStep <= step) ? Newest
                    : Made(_changes.Where(change => change.FromStep <= step)));
        }
        return made.Spec;
    }

    /// <summary>Takes changes in that are recorded.</summary>
    /// <param name="changes">The changes.</param>
    public void Record(IEnumerable<SpecChange> changes)
    {
        _changes.AddRange(changes);
        (Newest, _made) = (Made(_changes), null);
    }

    /// <summary>
    /// What a fork takes along of a run's changes: those that hold from a later step than its version, of fields that it does not
    /// set itself. Those that hold already are in its spec.
    /// </summary>
    /// <param name="origin">The run that is forked.</param>
    /// <param name="version">The fork's version.</param>
    /// <param name="spec">The fork's spec.</param>
    /// <param name="own">Fields that it sets itself, be it to what they are there.</param>
    public static IReadOnlyList<SpecChange>? Later(RunRecord origin, int version, RunSpec spec, IReadOnlyCollection<string> own)
    {
        RunSpec there = new RunSettings(origin).At(version);
        SpecChange[] later =
        [
            .. (origin.Changes ?? []).Where(change => change.FromStep > version && !own.Contains(change.Field)
                && ChangeableFields.ValueOf(spec, change.Field) == ChangeableFields.ValueOf(there, change.Field))
                .Select(static change => change with { Request = 0 }), // the fork's own requests are counted from 1
        ];
        return later.Length > 0 ? later : null;
    }

    /// <summary>What a request would change.</summary>
    /// <param name="request">The request.</param>
    /// <param name="from">First step that the changes are to hold for. Of the same field the newest request holds.</param>
    /// <exception cref="SpecException">It cannot be done; one line.</exception>
    public IReadOnlyList<SpecChange> Read(RunRequest request, int from)
    {
        SpecChange[] changes =
        [
            .. ChangeableFields.Read(_yaml, Assignments(_changes), request.Fields)
                .Select(change => new SpecChange(from, change.Field, change.Value, request.Number)),
        ];
        int steps = Made([.. _changes, .. changes]).Run.Steps;
        return steps >= from
            ? changes
            : throw new SpecException(
                $"field run.steps: value '{steps}': the run has begun step {from - 1}; {from} or more, or stop the run");
    }

    private RunSpec Made(IEnumerable<SpecChange> changes) =>
        SpecLoader.Load<RunSpec>(_yaml, $"spec of run {_run}", Assignments(changes));

    private static IEnumerable<string> Assignments(IEnumerable<SpecChange> changes) =>
        changes.Select(change => $"{change.Field}={change.Value}");
}
