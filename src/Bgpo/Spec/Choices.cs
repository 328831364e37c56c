namespace Bgpo.Spec;

/// <summary>Which silos get a run's work. In YAML a choice is its name with a small first letter.</summary>
public enum Reproducibility
{
    /// <summary>Only those that compute by the numerics on which the run began.</summary>
    Strict,

    /// <summary>All; the run says so.</summary>
    Warn,
}

/// <summary>How the timesteps t of a completion's Monte Carlo samples are drawn.</summary>
public enum Timesteps
{
    /// <summary>Each alone.</summary>
    Uniform,

    /// <summary>Spread evenly from a random start.</summary>
    Stratified,
}

/// <summary>How a mask follows from t.</summary>
public enum Masking
{
    /// <summary>Each token is masked with probability t; weight 1/t.</summary>
    Bernoulli,

    /// <summary>Exactly k of L tokens are masked; weight L/k.</summary>
    Exact,
}

/// <summary>What follows the learning rate's warm-up.</summary>
public enum Schedule
{
    /// <summary>The peak.</summary>
    Constant,

    /// <summary>A line to zero.</summary>
    Linear,

    /// <summary>Half a cosine to zero.</summary>
    Cosine,
}

/// <summary>Where a cluster's members are written down.</summary>
public enum ClusterKind
{
    /// <summary>In files: processes of one machine.</summary>
    Localhost,

    /// <summary>In a PostgreSQL database: processes of many machines.</summary>
    Postgres,

    /// <summary>In a table of an Azure storage account: processes of many machines.</summary>
    Azure,
}

/// <summary>What of a model a run trains.</summary>
public enum TrainedPart
{
    /// <summary>All weights.</summary>
    Full,

    /// <summary>Low-rank adapters over frozen weights.</summary>
    Lora,
}

/// <summary>How prompts are framed.</summary>
public enum Framing
{
    /// <summary>In the chat template of the model's family.</summary>
    Chat,

    /// <summary>Not at all.</summary>
    Plain,
}

/// <summary>Which of a step's candidates stay.</summary>
public enum Remasking
{
    /// <summary>Those whose own probability is highest: LLaDA's low_confidence, Dream's maskgit_plus.</summary>
    LowConfidence,

    /// <summary>Those whose place's distribution has the least entropy: Dream's entropy.</summary>
    Entropy,

    /// <summary>Those whose place's two best tokens are furthest apart: Dream's topk_margin.</summary>
    Margin,

    /// <summary>Those furthest left.</summary>
    LeftToRight,
}

/// <summary>What becomes of a data file's problems whose prompts are longer than the model's room.</summary>
public enum TooLong
{
    /// <summary>The run is refused.</summary>
    Error,

    /// <summary>They are left out.</summary>
    Drop,
}

/// <summary>What becomes of training problems that are in the evaluation file too.</summary>
public enum Leaks
{
    /// <summary>They are named.</summary>
    Warn,

    /// <summary>The run is refused.</summary>
    Error,

    /// <summary>They are left out of training.</summary>
    Drop,
}

/// <summary>How a task's problems are asked and answered.</summary>
public enum TaskForm
{
    /// <summary>As short as can be: what small models are made for.</summary>
    Plain,

    /// <summary>In the words of d1 (dllm-reasoning/d1), with the answer between tags.</summary>
    D1,
}

/// <summary>What a program that passes some tests earns.</summary>
public enum CodeReward
{
    /// <summary>Nothing.</summary>
    All,

    /// <summary>Their share.</summary>
    Share,
}
