using System.Diagnostics;
using Bgpo.Client.Watching;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Silo.Devices;
using Bgpo.Spec;

namespace Bgpo.Client.Models;

/// <summary>Completes a prompt or answers in a chat, on a device thread of this process.</summary>
internal static class Generation
{
    /// <summary>Length, block and steps of an answer where nothing else is asked for: LLaDA's.</summary>
    private const int ChatLength = 128;
    private const int ChatBlock = 32;

    /// <summary>Does it.</summary>
    /// <param name="request">What to complete.</param>
    /// <param name="progress">Told after each denoising step.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    /// <exception cref="BadInputException">The model, the prompt or the decoding is bad.</exception>
    internal static async Task<GenerateOutcome> Run(
        GenerateRequest request, IProgress<GenerateProgress> progress, CancellationToken cancellationToken)
    {
        await using var trace = request.Trace is null ? null : ModelCommands.Bad(() => File.CreateText(request.Trace));
        string place = request.Devices.Resolve()[0];
        using LoadedModel loaded = await ModelSource.Open(request.Model, cancellationToken, place);
        int[] prompt = ModelCommands.Bad(() => Prompt(request, loaded.Tokenizer));
        SamplerOptions options = Options(request, loaded.Config);
        long started = Stopwatch.GetTimestamp();
        using var device = new DeviceWorker(place);
        int[][] responses = await device.Run(() => ModelCommands.Bad(() =>
        {
            using Transformer model = loaded.NewNetwork(place);
            var partial = new Partial(options.ResponseLength, loaded.Tokenizer, progress);
            return Sampler.Sample(
                model, [prompt], options,
                (_, step) =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    return new Philox((ulong)request.Seed, Purpose.Evaluation, 0, 0, (uint)step);
                },
                loaded.Tokenizer.EndTokens,
                set =>
                {
                    partial.Set(set);
                    trace?.WriteLine(JsonLines.Line(
                        new { set.Step, set.Place, set.Token, Text = NameOf(loaded.Tokenizer, set.Token), set.Confidence }));
                });
        }));
        return new GenerateOutcome(
            loaded.Tokenizer.Decode(responses[0]), responses[0].Length, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static int[] Prompt(GenerateRequest request, ITokenizer tokenizer)
    {
        if (request.Chat is not { } chat)
        {
            return tokenizer is BpeTokenizer plain ? plain.With(ChatTemplate.Plain)
                .EncodePrompt(request.Prompt) : tokenizer.EncodePrompt(request.Prompt);
        }
        if (tokenizer is not BpeTokenizer bpe)
        {
            throw new BadInputException("option --chat: the model has no chat template; give it a prompt");
        }
        return (chat.Template is { } name ? bpe.With(ChatTemplate.All.Single(template => template.Name == name)) : bpe)
            .EncodeChat(chat.Messages);
    }

    internal static SamplerOptions Options(GenerateRequest request, ModelConfig config)
    {
        RolloutSection rollout = request.Rollout;
        bool isChat = request.Chat is not null;
        int length = request.Given.Length ?? (isChat ? ChatLength : rollout.ResponseLength);
        int usual = isChat ? Math.Min(ChatBlock, length) : Math.Min(rollout.BlockLength, length);
        int block = request.Given.Block ?? (config.AttentionBlock > 0 ? config.AttentionBlock : usual);
        int steps = request.Given.Steps ?? (isChat ? length : rollout.DenoisingSteps);
        return SamplerOptions.Of(rollout with { ResponseLength = length, BlockLength = block }, steps, request.Temperature) with
        {
            Remasking = request.Remasking ?? rollout.Remasking,
            StopsAtEnd = isChat || rollout.StopAtEnd,
        };
    }

    private static string NameOf(ITokenizer tokenizer, int token) =>
        tokenizer is BpeTokenizer bpe ? bpe.NameOf(token) : tokenizer.Decode([token]);

    /// <summary>The response as far as it is filled.</summary>
    private sealed class Partial(int length, ITokenizer tokenizer, IProgress<GenerateProgress> progress)
    {
        private readonly int?[] _tokens = new int?[length];
        private int _step = -1;

        public void Set(SampledToken set)
        {
            if (set.Step != _step)
            {
                _step = set.Step;
                progress.Report(new GenerateProgress(set.Step, tokenizer.Decode([.. _tokens.OfType<int>()])));
            }
            _tokens[set.Place] = set.Token;
        }
    }
}
