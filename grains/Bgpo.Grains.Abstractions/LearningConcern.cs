namespace Bgpo.Grains;

/// <summary>What keeps a run from learning.</summary>
public enum LearningConcern
{
    /// <summary>Sampling is greedy: the completions of a prompt are all the same.</summary>
    GreedyRollouts,

    /// <summary>The learning rate is 0, or never reaches its peak.</summary>
    LearningRate,

    /// <summary>The right answers do not fit the response length.</summary>
    AnswersTooLong,

    /// <summary>One sample's coefficient may be beyond what the exact sum takes.</summary>
    LargeRatios,

    /// <summary>No group has spread in its rewards.</summary>
    NoSpread,

    /// <summary>Groups have spread, and the gradient is zero all the same.</summary>
    NoGradient,

    /// <summary>Responses are cut off before their answers end.</summary>
    Truncated,

    /// <summary>The policy gives the same wrong completion again and again.</summary>
    Collapsed,

    /// <summary>The gradient's norm is many times what it was.</summary>
    GrowingGradient,

    /// <summary>Units are halved to fit the exact sum.</summary>
    HalvedUnits,

    /// <summary>Completions cannot be scored, and their groups are left out.</summary>
    RewardsFail,
}
