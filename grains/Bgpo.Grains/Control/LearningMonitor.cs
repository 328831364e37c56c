using Bgpo.ExactSums;
using Bgpo.Grains.Runs;
using Bgpo.Model;
using Bgpo.Spec;

namespace Bgpo.Grains.Control;

/// <summary>
/// Sees that a run learns nothing, and why: by its spec and its problems before the first step, by what its steps measure later.
/// It tells and changes nothing.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="settings">Its spec, with the changes.</param>
/// <param name="events">Told of what begins and of what is over.</param>
public sealed class LearningMonitor(RunContext run, RunSettings settings, EventLog events)
{
    /// <summary>Steps on end that show something before it is told: one batch may be all alike by chance.</summary>
    private const int StepsBeforeTold = 3;

    private const int NormsCompared = 8;
    private const double GrowthTold = 5;

    private readonly Dictionary<LearningConcern, (int Steps, int Since)> _seen = [];
    private readonly SortedDictionary<LearningConcern, (int From, int? To, string Message)> _told = [];
    private readonly List<double> _norms = [];
    private readonly Lazy<AnswerFit> _answerFit = new(() => FitOf(run, settings.Started));

    /// <summary>How right answers fit into a response.</summary>
    private enum AnswerFit
    {
        /// <summary>None does.</summary>
        None,

        /// <summary>They fill it.</summary>
        Filling,

        /// <summary>Some leave room for an end of sequence.</summary>
        WithRoom,
    }

    /// <summary>What was told of, a line each with the versions. What only may come is not among it.</summary>
    public string[] Warnings =>
        [.. _told.Where(one => one.Key != LearningConcern.LargeRatios).Select(one => one.Value).Select(one =>
            $"{one.Message} ({(one.To is { } to ? $"versions {one.From} to {to}" : $"from version {one.From} on")})")];

    /// <summary>Looks at the spec, when a controller begins and when a field is changed.</summary>
    /// <param name="version">The version that the run stands at.</param>
    public void CheckSpec(int version)
    {
        RunSpec spec = settings.Newest;
        SetConcern(LearningConcern.GreedyRollouts, version, SpecWarnings.OfSampling(spec));
        SetConcern(LearningConcern.LearningRate, version, SpecWarnings.OfLearningRate(spec));
        SetConcern(LearningConcern.LargeRatios, version, SpecWarnings.OfRatios(spec, ExactSum.Limit));
        SetConcern(LearningConcern.AnswersTooLong, version, _answerFit.Value != AnswerFit.None ? null
            : $"rollout.responseLength is {spec.Rollout.ResponseLength}: no right answer of the first {spec.Rollout.Prompts} "
                + "problems fits into it, so "
                + "no completion can be right");
    }

    /// <summary>Looks at a committed step.</summary>
    /// <param name="step">What it measured.</param>
    public void CheckStep(StepMetrics step)
    {
        int completions = settings.Started.Rollout.Completions;
        bool isAlike = step.DistinctShare * completions < 1.5;
        bool hasNoSpread = step.ActiveGroups == 0 && step.LeftOutGroups < step.Groups;
        Count(LearningConcern.NoSpread, step, hasNoSpread, () => NoSpread(step, isAlike));
        Count(LearningConcern.NoGradient, step, step.ActiveGroups > 0 && step.GradientNorm == 0, static () =>
            "groups have spread in their rewards, and the gradient's norm is 0 all the same: the weights do not move; look at "
                + "the model");
        Count(LearningConcern.Truncated, step, step.ActiveGroups > 0 && IsCutOff(step), () =>
            "responses have no end-of-sequence token and none is right: answers are cut off at rollout.responseLength "
                + $"{settings.Started.Rollout.ResponseLength}");
        Count(LearningConcern.Collapsed, step, step.ActiveGroups > 0 && isAlike && step.SolveRate < 0.5, static () =>
            "the completions of a prompt are nearly all the same, and wrong: the policy has collapsed; go back to an older "
                + "version with a lower "
            + "optimizer.learningRate, or raise rollout.temperature");
        Count(LearningConcern.HalvedUnits, step, step.HalvedUnits > 0, () =>
            $"{step.HalvedUnits} of {step.Units} units were halved to fit the exact sum, so the objective is not the spec's "
                + "there: lower "
            + "optimizer.learningRate or objective.maxLogRatio (run set changes both)");
        CheckNorm(step);
    }

    private string NoSpread(StepMetrics step, bool isAlike)
    {
        string why = step switch
        {
            _ when settings.Newest.Rollout.Temperature == 0 => "rollout.temperature is 0; 0.6 to 1 is usual",
            { SolveRate: 1 } => "every completion is right: the problems are too easy, or the run has learned them",
            _ when isAlike => "the completions of a prompt are all the same: raise rollout.temperature",
            _ when IsCutOff(step) => "no completion is right and none ends: is rollout.responseLength "
                + $"{settings.Started.Rollout.ResponseLength} too short?",
            { SolveRate: 0 } => "no completion is right: the base model cannot do the task, or decodes in too few "
                + "rollout.denoisingSteps",
            _ => "the completions of each prompt earn the same",
        };
        string rewards = step.RewardRange == 0 ? $"every completion earns {step.MeanReward:0.###}"
            : "no group has spread in its rewards";
        return $"{rewards}, so nothing is learned: {why}";
    }

    /// <summary>A norm that climbs is the first sign of a rate that is too high.</summary>
    private void CheckNorm(StepMetrics step)
    {
        if (step.ActiveGroups == 0)
        {
            return;
        }
        _norms.Add(step.GradientNorm);
        if (_norms.Count > 2 * NormsCompared)
        {
            _norms.RemoveAt(NormsCompared); // the first stay, to compare with
        }
        double before = _norms.Take(NormsCompared).Average(), now = _norms.TakeLast(NormsCompared).Average();
        bool grows = _norms.Count == 2 * NormsCompared && now > GrowthTold * before
            && now > Math.Max(1, settings.Newest.Optimizer.ClipNorm);
        Count(LearningConcern.GrowingGradient, step, grows, () =>
            $"the gradient's norm is {now:0.0} on average, {now / before:0} times what it was at first: the run may be about to "
                + "collapse; lower "
            + "optimizer.learningRate");
    }

    private void Count(LearningConcern concern, StepMetrics step, bool isSeen, Func<string> message)
    {
        (int steps, int since) = _seen.GetValueOrDefault(concern);
        _seen[concern] = isSeen ? (steps + 1, steps == 0 ? step.Version : since) : default;
        if (!isSeen || steps + 1 >= StepsBeforeTold)
        {
            SetConcern(concern, isSeen && _seen[concern].Since is > 0 and var first ? first : step.Version,
                isSeen ? message() : null,
                step.Version);
        }
    }

    private void SetConcern(LearningConcern concern, int from, string? message, int? at = null)
    {
        bool isTold = _told.TryGetValue(concern, out (int From, int? To, string Message) told) && told.To is null;
        int version = at ?? from;
        if (message is not null && !isTold)
        {
            _told[concern] = (told.Message is null ? from : told.From, null, message);
            events.Append(n => new LearningWarned(n, version, concern, IsOver: false, message));
        }
        else if (message is null && isTold)
        {
            _told[concern] = told with { To = version };
            events.Append(n => new LearningWarned(n, version, concern, IsOver: true, told.Message));
        }
    }

    /// <summary>Whether no response ends, where right answers would, and none is right.</summary>
    private bool IsCutOff(StepMetrics step) =>
        step.UnendedShare > 0.95 && step.SolveRate == 0 && _answerFit.Value != AnswerFit.Filling;

    private static AnswerFit FitOf(RunContext run, RunSpec spec)
    {
        AnswerFit most = AnswerFit.None;
        for (int place = 0; place < spec.Rollout.Prompts && most != AnswerFit.WithRoom; place++)
        {
            try
            {
                int[] right = run.Tokenizer.EncodeResponse(run.Task.TrainingPrompt(run.Seed, 0, place).Reference,
                    spec.Rollout.ResponseLength);
                most = right.Contains(run.Config.EndToken) ? AnswerFit.WithRoom : AnswerFit.Filling;
            }
            catch (ModelException)
            {
                // This one does not fit.
            }
        }
        return most;
    }
}
