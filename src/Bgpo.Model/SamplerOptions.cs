using Bgpo.Spec;

namespace Bgpo.Model;

/// <summary>How a response is decoded.</summary>
/// <param name="ResponseLength">L tokens.</param>
/// <param name="BlockLength">Tokens decoded together before the next block starts; divides L.</param>
/// <param name="DenoisingSteps">Forward passes for the whole response; a multiple of the number of blocks.</param>
/// <param name="Temperature">Gumbel temperature; 0 is greedy.</param>
public readonly record struct SamplerOptions(int ResponseLength, int BlockLength, int DenoisingSteps, double Temperature)
{
    /// <summary>Which of a step's candidates stay.</summary>
    public Remasking Remasking { get; init; }

    /// <summary>
    /// Whether a response ends with the block that has an end token: what follows is filled with the end of sequence. Another
    /// policy than without.
    /// </summary>
    public bool StopsAtEnd { get; init; }

    /// <summary>
    /// Whether every pass reads whole sequences where keys and values of finished blocks could be kept: the same tokens, slower.
    /// </summary>
    public bool ReadsWhole { get; init; }

    /// <summary>How a spec has responses decoded.</summary>
    /// <param name="rollout">The spec's section.</param>
    /// <param name="denoisingSteps">Forward passes for the whole response.</param>
    /// <param name="temperature">Gumbel temperature.</param>
    public static SamplerOptions Of(RolloutSection rollout, int denoisingSteps, double temperature) =>
        new(rollout.ResponseLength, rollout.BlockLength, denoisingSteps, temperature)
        {
            Remasking = rollout.Remasking,
            StopsAtEnd = rollout.StopAtEnd,
        };

    /// <summary>Blocks of a response.</summary>
    public int Blocks => ResponseLength / BlockLength;

    /// <summary>Forward passes of a block.</summary>
    public int StepsPerBlock => DenoisingSteps / Blocks;

    /// <summary>Says what is wrong with these options, if anything.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or blocks do not divide.</exception>
    public void Validate()
    {
        if (ResponseLength < 1 || BlockLength < 1 || ResponseLength % BlockLength != 0)
        {
            throw new ArgumentException($"the block length {BlockLength} does not divide the response length {ResponseLength}.");
        }
        if (DenoisingSteps < 1 || DenoisingSteps % Blocks != 0)
        {
            throw new ArgumentException($"{DenoisingSteps} denoising steps cannot be shared equally by {Blocks} blocks.");
        }
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
        {
            throw new ArgumentException($"the temperature {Temperature} is not a finite number of 0 or above.");
        }
    }
}

/// <summary>A token that was set.</summary>
/// <param name="Sequence">Place of the sequence in the batch.</param>
/// <param name="Step">Denoising step, from 0.</param>
/// <param name="Place">Place in the response, from 0.</param>
/// <param name="Token">The token.</param>
/// <param name="Confidence">What it was chosen by, see <see cref="Remasking"/>.</param>
public readonly record struct SampledToken(int Sequence, int Step, int Place, int Token, double Confidence);
