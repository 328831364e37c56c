using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>The sequences, padded on the left to one length, and the blocks of their responses.</summary>
internal sealed class SampleBatch
{
    private readonly long[] _tokens;
    private readonly ModelConfig _config;
    private readonly SamplerOptions _options;
    private readonly int _longest;

    /// <summary>Sequences whose responses are all masks.</summary>
    public SampleBatch(ModelConfig config, IReadOnlyList<int[]> prompts, SamplerOptions options)
    {
        _config = config;
        _options = options;
        _longest = prompts.Max(prompt => prompt.Length);
        Width = _longest + options.ResponseLength;
        Pads = [.. prompts.Select(prompt => _longest - prompt.Length)];
        _tokens = new long[prompts.Count * Width];
        for (int i = 0; i < prompts.Count; i++)
        {
            Span<long> own = _tokens.AsSpan(i * Width, Width);
            own[..Pads[i]].Fill(config.PadToken);
            for (int p = 0; p < prompts[i].Length; p++)
            {
                own[Pads[i] + p] = prompts[i][p];
            }
            own[_longest..].Fill(config.MaskToken);
        }
        Rounds = Enumerable.Range(0, Count).Max(RoundsOf);
    }

    /// <summary>Sequences.</summary>
    public int Count => Pads.Length;

    /// <summary>Padding of each.</summary>
    public int[] Pads { get; }

    /// <summary>Tokens of each, padding included.</summary>
    public int Width { get; }

    /// <summary>Blocks of the response that has most.</summary>
    public int Rounds { get; }

    /// <summary>The longest prompt.</summary>
    public int Longest => _longest;

    /// <summary>(B, T) tokens; the caller's.</summary>
    public Tensor Tokens(Device device) => tensor(_tokens, [Count, Width]).to(device);

    /// <summary>(B, length) tokens from a place on; the caller's.</summary>
    public Tensor Tokens(Device device, int from, int length)
    {
        using Tensor all = tensor(_tokens, [Count, Width]);
        using Tensor part = all.narrow(1, from, length);
        return part.contiguous().to(device);
    }

    /// <summary>A block's places in the response; empty beyond the last.</summary>
    public Range Places(int i, int round)
    {
        int first = _config.AttentionBlock == 0 ? 0 : (_longest - Pads[i]) % _options.BlockLength;
        int from = Math.Clamp((round * _options.BlockLength) - first, 0, _options.ResponseLength);
        return from..Math.Clamp(((round + 1) * _options.BlockLength) - first, from, _options.ResponseLength);
    }

    /// <summary>A block's tokens.</summary>
    public Span<long> BlockOf(int i, int round)
    {
        (int start, int length) = Places(i, round).GetOffsetAndLength(_options.ResponseLength);
        return _tokens.AsSpan((i * Width) + _longest + start, length);
    }

    /// <summary>A block's first row of the padded sequence.</summary>
    public int RowOf(int i, int round) => _longest + Places(i, round).Start.Value;

    /// <summary>Fills up the responses that have an end token in a block up to this one; true when all have.</summary>
    public bool EndWith(int[] ends, int round)
    {
        bool all = true;
        for (int i = 0; i < Count; i++)
        {
            int done = Places(i, round).End.Value;
            Span<long> response = _tokens.AsSpan((i * Width) + _longest, _options.ResponseLength);
            bool ended = false;
            foreach (long token in response[..done])
            {
                ended |= Array.IndexOf(ends, (int)token) >= 0;
            }
            if (ended)
            {
                response[done..].Fill(_config.EndToken);
            }
            all &= ended;
        }
        return all;
    }

    /// <summary>The responses.</summary>
    public int[][] Responses()
    {
        var responses = new int[Count][];
        for (int i = 0; i < Count; i++)
        {
            responses[i] = new int[_options.ResponseLength];
            for (int p = 0; p < _options.ResponseLength; p++)
            {
                responses[i][p] = (int)_tokens[(i * Width) + _longest + p];
            }
        }
        return responses;
    }

    private int RoundsOf(int i)
    {
        int first = _config.AttentionBlock == 0 ? 0 : (_longest - Pads[i]) % _options.BlockLength;
        return (first + _options.ResponseLength + _options.BlockLength - 1) / _options.BlockLength;
    }
}
