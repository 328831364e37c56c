using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model.Adapters;

/// <summary>Adds what adapters have learned to the weights that they adapt: W + alpha / r B A.</summary>
public static class LoraMerge
{
    private const string Ending = ".weight";

    /// <summary>Merges into a flat vector of all weights.</summary>
    /// <param name="weights">The vector; changed in place.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="lora">The adapters.</param>
    /// <param name="adapters">Their layout.</param>
    /// <param name="trained">Their vector.</param>
    public static void Into(float[] weights, ParameterLayout layout, LoraConfig lora, ParameterLayout adapters, float[] trained)
    {
        foreach (ParameterSlice slice in layout.Slices)
        {
            Into(weights.AsSpan((int)slice.Offset, (int)slice.Length), slice, lora, adapters, trained);
        }
    }

    /// <summary>Merges into one tensor, if it has an adapter.</summary>
    /// <param name="values">The tensor's values; changed in place.</param>
    /// <param name="slice">Which it is.</param>
    /// <param name="lora">The adapters.</param>
    /// <param name="adapters">Their layout.</param>
    /// <param name="trained">Their vector.</param>
    public static void Into(Span<float> values, ParameterSlice slice, LoraConfig lora, ParameterLayout adapters, float[] trained)
    {
        if (!HasAdapter(slice, adapters))
        {
            return;
        }
        string module = ModuleOf(slice);
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor Matrix(string name)
        {
            ParameterSlice matrix = adapters[name];
            return tensor(trained.AsSpan((int)matrix.Offset, (int)matrix.Length).ToArray(), matrix.Shape);
        }
        // (out, in)
        Tensor change = F.linear(Matrix(LoraConfig.NameOfB(module)), Matrix(LoraConfig.NameOfA(module)).t()) * lora.Scale;
        var deltas = new float[values.Length];
        FlatVector.CopyTo(change.reshape(-1), deltas);
        for (int i = 0; i < deltas.Length; i++)
        {
            values[i] += deltas[i];
        }
    }

    /// <summary>Whether a tensor has an adapter.</summary>
    /// <param name="slice">The tensor.</param>
    /// <param name="adapters">The adapters' layout.</param>
    public static bool HasAdapter(ParameterSlice slice, ParameterLayout adapters) =>
        adapters.Has(LoraConfig.NameOfA(ModuleOf(slice)));

    private static string ModuleOf(ParameterSlice slice) =>
        slice.Name.EndsWith(Ending, StringComparison.Ordinal) ? slice.Name[..^Ending.Length] : slice.Name;
}
