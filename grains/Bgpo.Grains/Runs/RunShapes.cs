using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Bgpo.Units;

namespace Bgpo.Grains.Runs;

/// <summary>What the tasks of a run with data files need to know of it.</summary>
internal static class RunShapes
{
    /// <summary>The shape of a run.</summary>
    /// <param name="spec">Its spec.</param>
    /// <param name="config">Its network.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    internal static RunShape Of(RunSpec spec, ModelConfig config, ITokenizer tokenizer) => new(
        spec.Rollout.Prompts, new UnitPlan(spec).UpdatesPerBatch, config.MaxSequenceLength - spec.Rollout.ResponseLength,
        prompt => TokensOf(tokenizer, prompt))
    {
        ReadsAllText = tokenizer is BpeTokenizer,
    };

    private static int TokensOf(ITokenizer tokenizer, string prompt)
    {
        try
        {
            return tokenizer.EncodePrompt(prompt).Length;
        }
        catch (ModelException e)
        {
            throw new ArgumentException(e.Message, nameof(prompt), e);
        }
    }
}
