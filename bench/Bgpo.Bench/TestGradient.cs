namespace Bgpo.Bench;

/// <summary>Values like a gradient's: of both signs, small, all different, none special.</summary>
internal static class TestGradient
{
    internal static float[] Of(int length)
    {
        var gradient = new float[length];
        for (int i = 0; i < length; i++)
        {
            gradient[i] = ((int)((uint)i * 2654435761u) >> 8) * 1e-9f;
        }
        return gradient;
    }
}
