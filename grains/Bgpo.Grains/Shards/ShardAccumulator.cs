using Bgpo.ExactSums;
using Bgpo.Optimizer;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Shards;

/// <summary>
/// One shard's state and the rules that keep it right: contributions count once, only for the version it stands at, and only
/// from the newest controller. Vectors are never written again: a commit makes new ones, so readers, replicas and savers may keep
/// them.
/// </summary>
/// <param name="index">The shard's index.</param>
/// <param name="optimizer">AdamW's settings.</param>
public sealed class ShardAccumulator(int index, OptimizerSection optimizer)
{
    private readonly HashSet<UnitName> _units = [];
    private ShardState _state = new(index, [], [], []);
    private ShardState? _previous;
    private readonly Dictionary<int, ShardState> _toSave = [];
    private ExactSum _sum = new(0);
    private long _epoch;

    /// <summary>Epoch of the newest contribution.</summary>
    private long _contributedIn;

    /// <summary>Version of the weights; -1 before they are loaded.</summary>
    public int Version { get; private set; } = -1;

    /// <summary>Number of the run's history that the version is of.</summary>
    public long History { get; private set; }

    /// <summary>The weights.</summary>
    public ReadOnlyMemory<float> Weights => _state.Weights;

    /// <summary>Weights and moments.</summary>
    public ShardState State => _state;

    /// <summary>The silo that holds a copy of this version; empty: none.</summary>
    public string Replica { get; set; } = "";

    /// <summary>Why the last attempt to have this version copied failed; empty: it did not.</summary>
    public string CopyTrouble { get; set; } = "";

    /// <summary>Where the shard stands.</summary>
    /// <param name="fenced">Whether the request that asked was refused.</param>
    public ShardStatus GetStatus(bool fenced = false) =>
        new(Version, _epoch, [.. _units.Order(UnitOrder.Instance)], fenced, _previous is not null, Replica)
        {
            History = History,
            CopyTrouble = CopyTrouble,
        };

    /// <summary>The newest controller's epoch, and the history that the shard is of.</summary>
    public FencingToken Token => new(_epoch, History);

    /// <summary>Accepts a controller's epoch, or refuses it when a newer one has spoken.</summary>
    /// <param name="epoch">The controller's epoch.</param>
    public bool Accept(long epoch)
    {
        _epoch = Math.Max(_epoch, epoch);
        return epoch == _epoch;
    }

    /// <summary>
    /// Takes a state from elsewhere and forgets everything else but the epoch; also what was kept for saving, if the history is
    /// another.
    /// </summary>
    /// <param name="history">The history that its version is of.</param>
    /// <param name="version">Its version.</param>
    /// <param name="state">Its weights and moments; moments may be empty, which means zeros.</param>
    public void Load(long history, int version, ShardState state)
    {
        if (history != History)
        {
            _toSave.Clear();
        }
        History = history;
        int length = state.Weights.Length;
        MoveTo(version, state.M.Length == length ? state : state with { M = new float[length], V = new float[length] });
    }

    /// <summary>
    /// Drops what former controllers had contributed to the version that it stands at: a batch that is sampled again may be
    /// scored otherwise, where a grader fails or judges anew.
    /// </summary>
    /// <param name="epoch">The controller's epoch.</param>
    public void DropFormer(long epoch)
    {
        if (_contributedIn < epoch && _units.Count > 0)
        {
            _sum.Clear();
            _units.Clear();
        }
    }

    /// <summary>
    /// Goes back to the version before, which is there from a commit until the next version's first contribution: until then it
    /// is not known here whether every shard has committed.
    /// </summary>
    /// <param name="version">The version wanted.</param>
    /// <returns>Whether it was there.</returns>
    public bool StepBack(int version)
    {
        if (_previous is null || Version - 1 != version)
        {
            return false;
        }
        MoveTo(version, _previous);
        return true;
    }

    /// <summary>Adds a contribution once.</summary>
    /// <param name="contribution">The contribution.</param>
    /// <exception cref="ContributionException">Its values are not finite or do not fit; nothing was added.</exception>
    public AddOutcome Add(Contribution contribution)
    {
        if (!Accept(contribution.Token.Epoch) || contribution.Token.History != History || contribution.Unit.Step != Version)
        {
            return AddOutcome.Stale;
        }
        if (_units.Contains(contribution.Unit))
        {
            return AddOutcome.Duplicate;
        }
        _sum.Add(contribution.Values.Span, contribution.Unit.ToId());
        _units.Add(contribution.Unit);
        _contributedIn = contribution.Token.Epoch;
        _previous = null; // work on this version is given out once every shard stands at it
        return AddOutcome.Added;
    }

    /// <summary>The shard's part of the squared gradient norm; NaN when it does not stand at that step with all units.</summary>
    /// <param name="request">Step, epoch and how many units there must be.</param>
    public SummaryOutcome Summarize(SummaryRequest request)
    {
        bool accepted = Accept(request.Token.Epoch);
        bool complete = accepted && request.Token.History == History && Version == request.Step && _units.Count == request.Units;
        return new SummaryOutcome(GetStatus(!accepted), complete ? _sum.SumOfSquares(request.Completions) : double.NaN);
    }

    /// <summary>
    /// Applies AdamW and moves to the next version; does nothing when it stands there already, nor when its sum is not the one
    /// that the controller has seen.
    /// </summary>
    /// <param name="request">The step's factors.</param>
    public ShardStatus Commit(CommitRequest request)
    {
        if (!Accept(request.Token.Epoch))
        {
            return GetStatus(fenced: true);
        }
        if (request.Token.History != History)
        {
            return GetStatus();
        }
        if (Version == request.Step && _units.Count == request.Units)
        {
            var gradient = new float[_state.Weights.Length];
            _sum.Mean(gradient, request.Completions);
            ShardState next = _state with { Weights = [.. _state.Weights], M = [.. _state.M], V = [.. _state.V] };
            AdamW.Step(next.Weights, next.M, next.V, gradient, optimizer, request.LearningRate, request.ClipFactor, Version + 1);
            ShardState before = _state;
            MoveTo(Version + 1, next);
            _previous = before;
        }
        if (request.Keep && Version == request.Step + 1)
        {
            foreach (int other in _toSave.Keys.Where(other => other != request.Saving).ToArray())
            {
                _toSave.Remove(other);
            }
            _toSave[Version] = _state;
        }
        return GetStatus();
    }

    /// <summary>
    /// The state of a version to save: the one it stands at, or the one that a commit was told to keep; null otherwise.
    /// </summary>
    /// <param name="version">The version.</param>
    public ShardState? ToSave(int version) => version == Version ? _state : _toSave.GetValueOrDefault(version);

    /// <summary>A version is saved and need not be kept any longer.</summary>
    /// <param name="version">The version.</param>
    public void Saved(int version) => _toSave.Remove(version);

    private void MoveTo(int version, ShardState state)
    {
        if (_sum.Length == state.Weights.Length)
        {
            _sum.Clear();
        }
        else
        {
            _sum = new ExactSum(state.Weights.Length);
        }
        _units.Clear();
        (Version, _state, _previous, Replica, CopyTrouble) = (version, state, null, "", "");
    }

    /// <summary>Units in the order step, group, block.</summary>
    private sealed class UnitOrder : IComparer<UnitName>
    {
        public static readonly UnitOrder Instance = new();

        public int Compare(UnitName x, UnitName y) =>
            (x.Step, x.Group, x.Block).CompareTo((y.Step, y.Group, y.Block));
    }
}
