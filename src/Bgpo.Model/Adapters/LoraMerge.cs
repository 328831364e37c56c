using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model.Adapters;

/// <summary>Adds what adapters have learned to the weights that they adapt: W + alpha / r B A.</summary>
public static class LoraMerge
{
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
    /// <returns>Whether it has one.</returns>
    public static bool Into(Span<float> values, ParameterSlice slice, LoraConfig lora, ParameterLayout adapters, float[] trained)
    {
        const string ending = ".weight";
        string module = slice.Name.EndsWith(ending, StringComparison.Ordinal) ? slice.Name[..^ending.Length] : slice.Name;
        if (!adapters.Has(LoraConfig.NameOfA(module)))
        {
            return false;
        }
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor Matrix(string name)
        {
            ParameterSlice matrix = adapters[name];
            return tensor(trained.AsSpan((int)matrix.Offset, (int)matrix.Length).ToArray(), matrix.Shape);
        }
        Tensor change = F.linear(Matrix(LoraConfig.NameOfB(module)), Matrix(LoraConfig.NameOfA(module)).t()) * lora.Scale; // (out, in)
        var deltas = new float[values.Length];
        FlatVector.CopyTo(change.reshape(-1), deltas);
        for (int i = 0; i < deltas.Length; i++)
        {
            values[i] += deltas[i];
        }
        return true;
    }
}
