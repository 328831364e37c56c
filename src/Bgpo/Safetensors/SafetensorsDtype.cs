namespace Bgpo.Safetensors;

/// <summary>
/// Element types of the safetensors format, in the reference implementation's order (it sorts tensors by it, last first).
/// </summary>
public enum SafetensorsDtype
{
    /// <summary>Boolean, one byte.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit float with 5 exponent bits.</summary>
    F8E5M2,

    /// <summary>8-bit float with 4 exponent bits.</summary>
    F8E4M3,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>Names and sizes of <see cref="SafetensorsDtype"/>.</summary>
public static class SafetensorsDtypes
{
    private static readonly string[] s_names =
        ["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64"];

    /// <summary>All names, for messages.</summary>
    public static IReadOnlyList<string> Names => s_names;

    /// <summary>Name of the type in a header.</summary>
    /// <param name="dtype">The type.</param>
    public static string Name(this SafetensorsDtype dtype) => s_names[(int)dtype];

    /// <summary>Bytes of one element.</summary>
    /// <param name="dtype">The type.</param>
    public static int Size(this SafetensorsDtype dtype) => dtype switch
    {
        <= SafetensorsDtype.F8E4M3 => 1,
        <= SafetensorsDtype.BF16 => 2,
        <= SafetensorsDtype.F32 => 4,
        _ => 8,
    };

    /// <summary>Finds a type by its name in a header.</summary>
    /// <param name="name">For example <c>BF16</c>.</param>
    /// <param name="dtype">The type found.</param>
    public static bool TryParse(string name, out SafetensorsDtype dtype)
    {
        int index = Array.IndexOf(s_names, name);
        dtype = (SafetensorsDtype)Math.Max(index, 0);
        return index >= 0;
    }
}
