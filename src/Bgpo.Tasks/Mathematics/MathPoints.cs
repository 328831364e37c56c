using System.Text;

namespace Bgpo.Tasks.Mathematics;

/// <summary>The points at which expressions are compared: the same for every run, machine and order of the two.</summary>
internal static class MathPoints
{
    /// <summary>Seed of the points.</summary>
    public const ulong Seed = 0x6d617468;

    /// <summary>A number for a variable's name (FNV-1a).</summary>
    /// <param name="name">The name.</param>
    public static uint NameHash(string name)
    {
        uint hash = 2_166_136_261;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 16_777_619;
        }
        return hash;
    }

    /// <summary>A real number for a variable, 0.3 to 2.7 or the negative of that.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="point">The point.</param>
    public static double Real(string name, uint point)
    {
        var random = new Philox(Seed, Purpose.Other, 1, point, NameHash(name));
        double size = 0.3 + (2.4 * random.Double(0));
        return random.Double(1) < 0.5 ? -size : size;
    }

    /// <summary>A whole number for a variable, 2 to 12.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="point">The point.</param>
    public static int Whole(string name, uint point) =>
        2 + new Philox(Seed, Purpose.Other, 2, point, NameHash(name)).Below(0, 11);
}
