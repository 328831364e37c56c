using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// What this process computes, rather than what it is: a hash of the bits of a small network's likelihoods and gradients and of
/// .NET's own functions. Whatever decides the bits shows in it, known or not: kernels, libraries, the processor, settings of the
/// environment. Two processes with different probes end in different weights; equal ones are no proof of the contrary.
/// </summary>
public static class NumericsProbe
{
    private const int ResponseLength = 16;

    /// <summary>
    /// Eight hexadecimal digits, the same in every process that computes the same. Takes a tenth of a second or so, once.
    /// </summary>
    public static string Digest => s_digest.Value;

    private static readonly Lazy<string> s_digest = new(Compute);

    /// <summary>
    /// The same of a GPU. Where two passes differ, which the order of its threads may do, it says so instead.
    /// </summary>
    /// <param name="name">Its name, <c>cuda:0</c>.</param>
    public static string Of(string name)
    {
        string first = Compute(device(name));
        return Compute(device(name)) == first ? first : "differs from pass to pass";
    }

    internal static string Compute() => Compute(CPU);

    private static string Compute(Device on)
    {
        string digest = "";
        // On a thread of its own, held to one as a device's is.
        var thread = new Thread(() =>
        {
            Libtorch.UseOneThread();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            AddNetwork(hash, on);
            AddFunctions(hash);
            digest = Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 4));
        });
        thread.Start();
        thread.Join();
        return digest;
    }

    /// <summary>Likelihoods and gradients, of shapes at which kernels work in vectors and leave a rest.</summary>
    private static void AddNetwork(IncrementalHash hash, Device on)
    {
        using IDisposable scope = NewDisposeScope();
        var tokenizer = new CharacterTokenizer(CharacterTokenizer.Arithmetic);
        ModelConfig config = Pretraining.ConfigOf(new NetworkSection
        {
            ModelWidth = 72,
            Layers = 2,
            Heads = 4,
            HiddenWidth = 200
        }, tokenizer);
        using var model = new Transformer(config, on);
        FlatVector.Load(model, Initialization.Draw(model.Layout, 1));
        model.BindGradients();
        MaskedSample[] samples =
        [
            .. Enumerable.Range(0, 5).Select(s => new MaskedSample(
                tokenizer.EncodePrompt("1203400210340021"),
                    [.. Enumerable.Range(0, ResponseLength).Select(i => (i + s) % tokenizer.Vocabulary)],
                [.. Enumerable.Range(0, ResponseLength).Select(i => (i + s) % 3 != 0)], 1.5)),
        ];
        using var likelihood = new MaskedLikelihood(model, samples);
        likelihood.Backward([0.7, -1.3, 0.1, -0.2, 1]);
        hash.AppendData(MemoryMarshal.AsBytes<double>([.. likelihood.Values]));
        var gradient = new float[model.Layout.Length];
        FlatVector.CopyTo(model.Gradients, gradient);
        hash.AppendData(MemoryMarshal.AsBytes<float>(gradient));
    }

    /// <summary>Those of the C library, by which temperatures, ratios and schedules are computed.</summary>
    private static void AddFunctions(IncrementalHash hash)
    {
        Span<double> values = stackalloc double[64 * 5];
        for (int i = 0; i < 64; i++)
        {
            double x = ((i * 37) + 1) / 64.0;
            (values[5 * i], values[(5 * i) + 1], values[(5 * i) + 2]) = (Math.Exp(-x), Math.Log(x), Math.Pow(x, 0.3));
            (values[(5 * i) + 3], values[(5 * i) + 4]) = (Math.Cos(x), Math.Sqrt(x));
        }
        hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}
