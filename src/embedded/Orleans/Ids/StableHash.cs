namespace Orleans.Runtime;

/// <summary>A hash that every process computes alike (FNV-1a with a final avalanche); placement and the directory rest on it.</summary>
internal static class StableHash
{
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        unchecked
        {
            uint hash = 2166136261;
            foreach (byte value in bytes)
            {
                hash = (hash ^ value) * 16777619;
            }

            hash ^= hash >> 16;
            hash *= 0x85ebca6b;
            hash ^= hash >> 13;
            hash *= 0xc2b2ae35;
            return hash ^ (hash >> 16);
        }
    }
}
