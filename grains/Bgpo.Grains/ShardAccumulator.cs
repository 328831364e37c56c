using Bgpo.Spec;
using Bgpo.Storage;

namespace Bgpo.Grains;

/// <summary>
/// One shard's state and the rules that keep it right: contributions count once, only for the version it stands at, and only
/// from the newest controller.
/// </summary>
/// <param name="index">The shard's index.</param>
/// <param name="optimizer">AdamW's settings.</param>
public sealed class ShardAccumulator(int index, OptimizerSection optimizer)
{
    private readonly HashSet<UnitName> _units = [];
    private float[] _weights = [];
    private float[] _firstMoment = [];
    private float[] _secondMoment = [];
    private ExactSum _sum = new(0);
    private long _epoch;

    /// <summary>Version of the weights; -1 before they are loaded.</summary>
    public int Version { get; private set; } = -1;

    /// <summary>The weights. Never written again: a commit makes new ones, so readers may keep them.</summary>
    public ReadOnlyMemory<float> Weights => _weights;

    /// <summary>Where the shard stands.</summary>
    /// <param name="fenced">Whether the request that asked was refused.</param>
    public ShardStanding Standing(bool fenced = false) => new(Version, _epoch, [.. _units.Order(UnitOrder.Instance)], fenced);

    /// <summary>Accepts a controller's epoch, or refuses it when a newer one has spoken.</summary>
    /// <param name="epoch">The controller's epoch.</param>
    public bool Accept(long epoch)
    {
        _epoch = Math.Max(_epoch, epoch);
        return epoch == _epoch;
    }

    /// <summary>Takes a checkpoint's state and forgets everything else but the epoch.</summary>
    /// <param name="version">Its version.</param>
    /// <param name="state">Its weights and moments.</param>
    public void Load(int version, ShardState state)
    {
        _weights = state.Weights;
        _firstMoment = state.M.Length == 0 ? new float[_weights.Length] : state.M;
        _secondMoment = state.V.Length == 0 ? new float[_weights.Length] : state.V;
        _sum = new ExactSum(_weights.Length);
        _units.Clear();
        Version = version;
    }

    /// <summary>Adds a contribution once.</summary>
    /// <param name="contribution">The contribution.</param>
    /// <exception cref="ContributionException">Its values are not finite or do not fit; nothing was added.</exception>
    public AddOutcome Add(Contribution contribution)
    {
        if (!Accept(contribution.Epoch) || contribution.Unit.Step != Version)
        {
            return AddOutcome.Stale;
        }
        if (_units.Contains(contribution.Unit))
        {
            return AddOutcome.HaveIt;
        }
        _sum.Add(contribution.Values.Span, contribution.Unit.ToId());
        _units.Add(contribution.Unit);
        return AddOutcome.Added;
    }

    /// <summary>The shard's part of the squared gradient norm; NaN when it does not stand at that step with all units.</summary>
    /// <param name="request">Step, epoch and how many units there must be.</param>
    public SummaryOutcome Summarize(SummaryRequest request)
    {
        bool accepted = Accept(request.Epoch);
        bool complete = accepted && Version == request.Step && _units.Count == request.Units;
        return new SummaryOutcome(Standing(!accepted), complete ? _sum.SumOfSquares(request.Completions) : double.NaN);
    }

    /// <summary>Applies AdamW and moves to the next version; does nothing when it stands there already.</summary>
    /// <param name="request">The step's factors.</param>
    public ShardStanding Commit(CommitRequest request)
    {
        if (!Accept(request.Epoch))
        {
            return Standing(fenced: true);
        }
        if (Version == request.Step)
        {
            var gradient = new float[_weights.Length];
            _sum.Mean(gradient, request.Completions);
            float[] next = [.. _weights];
            AdamW.Step(
                next, _firstMoment, _secondMoment, gradient, optimizer, request.LearningRate, request.ClipFactor, Version + 1);
            _weights = next;
            _sum.Clear();
            _units.Clear();
            Version++;
        }
        return Standing();
    }

    /// <summary>A copy to save.</summary>
    public ShardState Snapshot() => new(index, _weights, [.. _firstMoment], [.. _secondMoment]);

    /// <summary>Units in the order step, group, block.</summary>
    private sealed class UnitOrder : IComparer<UnitName>
    {
        public static readonly UnitOrder Instance = new();

        public int Compare(UnitName x, UnitName y) =>
            (x.Step, x.Group, x.Block).CompareTo((y.Step, y.Group, y.Block));
    }
}
