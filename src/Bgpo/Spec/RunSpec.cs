namespace Bgpo.Spec;

/// <summary>Everything that decides a run's result. Two runs of the same spec end in the same weights.</summary>
/// <remarks>
/// Each section is a record whose property initialisers are the documented defaults. Limits are attributes, so the
/// loader, <c>--print-spec</c> and docs/run-spec.md all read them from one place.
/// </remarks>
public sealed record RunSpec : IRuled
{
    /// <summary>The run's identity and length.</summary>
    public RunSection Run { get; init; } = new();

    /// <summary>The base model that the run starts from.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>What the model is taught, and how it is scored.</summary>
    public RunTaskSection Task { get; init; } = new();

    /// <summary>How completions are sampled.</summary>
    public RolloutSection Rollout { get; init; } = new();

    /// <summary>The BGPO objective.</summary>
    public ObjectiveSection Objective { get; init; } = new();

    /// <summary>How gradient work is cut into units.</summary>
    public UnitSection Units { get; init; } = new();

    /// <summary>AdamW and its schedule.</summary>
    public OptimizerSection Optimizer { get; init; } = new();

    /// <summary>Held-out evaluation.</summary>
    public EvaluationSection Evaluation { get; init; } = new();

    /// <summary>What is saved, and when.</summary>
    public CheckpointSection Checkpoint { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations()
    {
        if (Rollout.Prompts % Objective.Minibatches != 0)
        {
            yield return new(
                ["objective.minibatches", "rollout.prompts"],
                $"must divide rollout.prompts ({Rollout.Prompts}); choose one of {SpecRules.Divisors(Rollout.Prompts)}");
        }
        else if (Checkpoint.KeepEvery > 0 && Checkpoint.KeepEvery % Checkpoint.Every != 0)
        {
            yield return new(
                ["checkpoint.keepEvery", "checkpoint.every"],
                $"a multiple of checkpoint.every ({Checkpoint.Every}), or no such version is saved");
        }
        else if (Checkpoint is { KeepEvery: > 0, KeepLast: 0 })
        {
            yield return new(["checkpoint.keepEvery", "checkpoint.keepLast"],
                "only beside checkpoint.keepLast; without it all checkpoints stay");
        }

        if (Rollout.StopAtEnd && Objective.CountPadding)
        {
            yield return new(
                ["rollout.stopAtEnd", "objective.countPadding"],
                "needs objective.countPadding: false, since the blocks behind an end token are filled, not sampled");
        }

        if (Evaluation.DenoisingSteps == 0)
        {
            yield break;
        }

        foreach (var rule in SpecRules.Decoding(
            Rollout.ResponseLength, Rollout.BlockLength, Evaluation.DenoisingSteps,
            "evaluation.denoisingSteps", "rollout.responseLength", "rollout.blockLength"))
        {
            yield return rule;
        }
    }
}

/// <summary>The run's identity and length.</summary>
public sealed record RunSection
{
    /// <summary>Name from which the run id is made when <c>--run</c> is not given.</summary>
    [Pattern("[a-z0-9][a-z0-9-]{0,62}", "lower-case letters, digits and dashes, 63 at most, starting with a letter or digit")]
    public string Name { get; init; } = "run";

    /// <summary>Seed of every random number of the run.</summary>
    [Range(0, long.MaxValue)]
    public long Seed { get; init; } = 1;

    /// <summary>Number of optimizer steps (versions) to take.</summary>
    [Range(1, 1_000_000)]
    public int Steps { get; init; } = 100;

    /// <summary>
    /// strict: only silos whose devices compute by the same numerics (library, BLAS, processor, threads per device) as those on
    /// which the run began get its work, so that its weights have the same bits on any number of them. warn: all do, and the run
    /// says so.
    /// </summary>
    public Reproducibility Reproducible { get; init; } = Reproducibility.Strict;
}

/// <summary>The base model.</summary>
public sealed record ModelSection
{
    /// <summary>
    /// Folder with config.json, tokenizer.json and model.safetensors; looked up from the working directory, then from the
    /// project's folder.
    /// </summary>
    [Required]
    public string Path { get; init; } = "";

    /// <summary>What is trained: all weights, or low-rank adapters over the frozen ones.</summary>
    public TrainedPart Train { get; init; } = TrainedPart.Full;

    /// <summary>The adapters.</summary>
    public LoraSection Lora { get; init; } = new();

    /// <summary>
    /// How prompts are framed for a model with a tokenizer of Hugging Face's kind: in its family's chat template, or not at all.
    /// </summary>
    public Framing Template { get; init; } = Framing.Chat;
}

/// <summary>Low-rank adapters (LoRA), by the names that PEFT has.</summary>
public sealed record LoraSection
{
    /// <summary>Rank r of the matrices.</summary>
    [Range(1, 4096)]
    public int Rank { get; init; } = 16;

    /// <summary>Adapters are scaled by alpha / rank.</summary>
    [Range(0.001, 1e6)]
    public double Alpha { get; init; } = 32;

    /// <summary>
    /// Projections that get adapters: <c>all-linear</c> for all of the blocks, or names as in the model's files with commas
    /// between, such as <c>q_proj,v_proj</c>.
    /// </summary>
    [Pattern("[A-Za-z0-9_.-]+( ?, ?[A-Za-z0-9_.-]+)*", "all-linear, or names of projections with commas between")]
    public string Targets { get; init; } = "all-linear";
}

/// <summary>How programs are run, each in a sandbox, and judged by their tests.</summary>
public sealed record CodeSection
{
    /// <summary>Seconds that a program may take for all its tests together.</summary>
    [Range(0.1, 600.0)]
    public double Timeout { get; init; } = 4;

    /// <summary>Memory that a program may take, MiB.</summary>
    [Range(64, 65_536)]
    public int MemoryMiB { get; init; } = 512;

    /// <summary><c>all</c>: 1 when every test passes, else 0. <c>share</c>: the share of tests that pass.</summary>
    public CodeReward Reward { get; init; } = CodeReward.All;

    /// <summary>
    /// code: of a list of tests, so many are shown to the model, since they name the function; all of them judge.
    /// </summary>
    [Range(0, 100)]
    public int ShownTests { get; init; } = 1;
}

/// <summary>How completions are sampled (LLaDA's block-wise low-confidence remasking).</summary>
public sealed record RolloutSection : IRuled
{
    /// <summary>B: prompts per batch; each becomes one group.</summary>
    [Range(1, 4096)]
    public int Prompts { get; init; } = 16;

    /// <summary>G: completions per prompt.</summary>
    [Range(2, 1024)]
    public int Completions { get; init; } = 8;

    /// <summary>L: response tokens, end-of-sequence padding included.</summary>
    [Range(1, 8192)]
    public int ResponseLength { get; init; } = 16;

    /// <summary>Tokens decoded together before the next block starts; divides the response length.</summary>
    [Range(1, 8192)]
    public int BlockLength { get; init; } = 16;

    /// <summary>Denoising steps for the whole response in training; a multiple of the number of blocks.</summary>
    [Range(1, 8192)]
    public int DenoisingSteps { get; init; } = 8;

    /// <summary>Gumbel temperature; 0 is greedy.</summary>
    [Range(0.0, 10.0)]
    public double Temperature { get; init; } = 1.0;

    /// <summary>
    /// Which tokens of a step stay: <c>lowConfidence</c> by their own probability, <c>entropy</c> and <c>margin</c> by their
    /// place's distribution.
    /// </summary>
    public Remasking Remasking { get; init; } = Remasking.LowConfidence;

    /// <summary>
    /// End a response with the block that has an end token: faster, and another policy than without. Needs
    /// <c>objective.countPadding</c> false.
    /// </summary>
    public bool StopAtEnd { get; init; }

    /// <inheritdoc/>
    public IEnumerable<Violation> Violations() =>
        SpecRules.Decoding(ResponseLength, BlockLength, DenoisingSteps, "denoisingSteps", "responseLength", "blockLength");
}

/// <summary>The BGPO objective (arXiv 2510.11683, equations 8 to 11).</summary>
public sealed record ObjectiveSection
{
    /// <summary>n_t: Monte Carlo samples per completion.</summary>
    [Range(1, 65_535)]
    public int Samples { get; init; } = 4;

    /// <summary>
    /// How t is drawn: <c>uniform</c> draws each alone, <c>stratified</c> spreads the n_t draws evenly from a random start.
    /// </summary>
    public Timesteps Timesteps { get; init; } = Timesteps.Uniform;

    /// <summary>
    /// How masks follow from t: <c>bernoulli</c> masks each token with probability t and weighs by 1/t; <c>exact</c> masks
    /// exactly k tokens and weighs by L/k.
    /// </summary>
    public Masking Masking { get; init; } = Masking.Exact;

    /// <summary>Smallest t with Bernoulli masks: t is drawn from [MinTimestep, 1], which bounds the weight 1/t.</summary>
    [Range(1e-6, 0.5)]
    public double MinTimestep { get; init; } = 0.01;

    /// <summary>Whether end-of-sequence padding after the answer counts in the likelihood.</summary>
    public bool CountPadding { get; init; } = true;

    /// <summary>Divide advantages by the group's standard deviation.</summary>
    public bool NormalizeByStd { get; init; } = true;

    /// <summary>
    /// Bound on d = l(theta) - l(theta_old) inside exp(d), used where the advantage is negative; hits are counted. A unit that is
    /// beyond what the exact sum takes all the same is halved until it fits, and counted.
    /// </summary>
    [Range(1.0, 80.0)]
    public double MaxLogRatio { get; init; } = 20;

    /// <summary>Minibatches that a batch of prompts is split into; each makes one optimizer step. Divides the prompts.</summary>
    [Range(1, 4096)]
    public int Minibatches { get; init; } = 1;

    /// <summary>Times that a batch is gone through. Minibatches x epochs = updates per batch.</summary>
    [Range(1, 64)]
    public int Epochs { get; init; } = 1;
}

/// <summary>How gradient work is cut. Part of the result's bits: a unit's contribution is one float32 sum.</summary>
public sealed record UnitSection
{
    /// <summary>Samples per unit: what one device computes in one go and contributes once.</summary>
    [Range(1, 65_536)]
    public int Samples { get; init; } = 32;

    /// <summary>Samples whose graphs are alive together on the device; memory follows this, never n_t.</summary>
    [Range(1, 4096)]
    public int Microbatch { get; init; } = 8;

    /// <summary>
    /// Make each block's graph anew on the way back: memory of one block instead of all, for a third more computing. Adapters
    /// over F16 or BF16 weights need it.
    /// </summary>
    public bool Recompute { get; init; }
}

/// <summary>AdamW and its schedule.</summary>
public sealed record OptimizerSection
{
    /// <summary>Peak learning rate.</summary>
    [Range(0.0, 1.0)]
    public double LearningRate { get; init; } = 4e-4;

    /// <summary>What follows the warm-up: <c>constant</c>, <c>linear</c> to zero, or <c>cosine</c> to zero.</summary>
    public Schedule Schedule { get; init; } = Schedule.Constant;

    /// <summary>Steps over which the rate climbs linearly to its peak.</summary>
    [Range(0, 1_000_000)]
    public int WarmupSteps { get; init; }

    /// <summary>Decay of the first moment.</summary>
    [Range(0.0, 0.9999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    [Range(0.0, 0.999999)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    [Range(1e-15, 1.0)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay.</summary>
    [Range(0.0, 1.0)]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Largest gradient norm; 0 does not clip.</summary>
    [Range(0.0, 1e6)]
    public double ClipNorm { get; init; } = 1.0;
}

/// <summary>Held-out evaluation.</summary>
public sealed record EvaluationSection
{
    /// <summary>Held-out prompts before and after the run.</summary>
    [Range(1, 100_000)]
    public int Count { get; init; } = 256;

    /// <summary>Evaluate every so many versions in between; 0 does not.</summary>
    [Range(0, 1_000_000)]
    public int Every { get; init; } = 20;

    /// <summary>Held-out prompts in between.</summary>
    [Range(1, 100_000)]
    public int IntermediateCount { get; init; } = 64;

    /// <summary>Denoising steps in evaluation; 0 uses the rollout's.</summary>
    [Range(0, 8192)]
    public int DenoisingSteps { get; init; }

    /// <summary>Temperature of the sampled evaluation; the greedy one is at 0.</summary>
    [Range(0.0, 10.0)]
    public double Temperature { get; init; } = 1.0;
}

/// <summary>What is saved, and when.</summary>
public sealed record CheckpointSection
{
    /// <summary>
    /// Save every so many versions. The first and the last version are always saved. While a store is slow the newest due version
    /// waits for the one before it, and those between are passed over.
    /// </summary>
    [Range(1, 1_000_000)]
    public int Every { get; init; } = 20;

    /// <summary>Versions that training may be ahead of a store that is slow or away; then it waits for the store.</summary>
    [Range(1, 1_000_000)]
    public int MaxBehind { get; init; } = 32;

    /// <summary>
    /// Newest checkpoints that stay when another is saved; 0: all do. The run's first always stays. A blob that no checkpoint
    /// names goes with a later one, when it is an hour old.
    /// </summary>
    [Range(0, 1_000_000)]
    public int KeepLast { get; init; }

    /// <summary>Beside keepLast: versions that this divides stay, too; a multiple of <c>every</c>; 0: none.</summary>
    [Range(0, 1_000_000)]
    public int KeepEvery { get; init; }
}
