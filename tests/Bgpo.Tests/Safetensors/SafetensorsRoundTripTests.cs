using System.Buffers.Binary;
using System.Text;
using Bgpo.Safetensors;
using FsCheck;
using FsCheck.Fluent;

namespace Bgpo.Tests.Safetensors;

/// <summary>What is written is the reference implementation's file, and is read back as it was.</summary>
public sealed class SafetensorsRoundTripTests
{
    /// <summary>Tensors with distinct names, any type, small shapes including scalars and empty ones.</summary>
    private static Gen<Sample[]> Samples =>
        from names in Gen.ListOf(
            Gen.Elements("w", "layers.0.wq.weight", "é", "日本", "\U0001F600", "a\"b\\c\n", "", "Z", "blocks.10.b"))
        from samples in Gen.CollectToArray(names.Distinct(), SampleOf)
        select samples;

    [Fact]
    public void AnyTensors_RoundTrip_InOneOrderWhateverTheOrderGiven() =>
        Prop.ForAll(Samples.ToArbitrary(), samples =>
        {
            byte[] file = SafetensorsWriter.ToBytes(samples.Select(ToTensor), Metadata);
            Assert.Equal(file, SafetensorsWriter.ToBytes(samples.Reverse().Select(ToTensor), Metadata));
            using var reader = new SafetensorsReader(new MemoryStream(file), "file");
            Assert.Equal(samples.Length, reader.Entries.Count);
            Assert.Equal(Metadata, reader.Metadata);
            foreach (Sample sample in samples.Reverse())
            {
                SafetensorsEntry entry = reader.Entry(sample.Name);
                Assert.Equal((sample.Dtype, sample.Bytes.LongLength), (entry.Dtype, entry.ByteLength));
                Assert.Equal(sample.Shape, entry.Shape);
                Assert.Equal(sample.Bytes, reader.Read(sample.Name));
                // Widest first, so with data starting at a multiple of 8 every tensor is aligned to its own type.
                Assert.Equal(0, entry.Begin % entry.Dtype.Size());
            }
            Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(file) % 8);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void AnyCutFile_IsRefused() =>
        Prop.ForAll(Samples.ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), (samples, at) =>
        {
            byte[] file = SafetensorsWriter.ToBytes(samples.Select(ToTensor));
            Assert.Throws<SafetensorsException>(() => Open(file[..(at % file.Length)]));
            Assert.Throws<SafetensorsException>(() => Open([.. file, 0]));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void AnyAlteredHeader_IsReadOrRefused_NeverAnythingElse() =>
        Prop.ForAll(Samples.ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), Gen.Choose(0, 255).ToArbitrary(),
            (samples, at, value) =>
        {
            byte[] file = SafetensorsWriter.ToBytes(samples.Select(ToTensor), Metadata);
            int header = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
            file[at % header] = (byte)value;
            try
            {
                using SafetensorsReader reader = Open(file);
                foreach (SafetensorsEntry entry in reader.Entries)
                {
                    Assert.Equal(entry.ByteLength, reader.Read(entry.Name).LongLength);
                }
            }
            catch (SafetensorsException exception)
            {
                Assert.StartsWith("hostile: ", exception.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\r', exception.Message);
            }
        }).QuickCheckThrowOnFailure();

    /// <summary>The example of the reference implementation's own tests: header of 64 bytes, then six floats.</summary>
    [Fact]
    public void WrittenFile_IsByteForByteTheReferences()
    {
        float[] values = [0, 1, 2, 3, 4, 5];
        byte[] file = SafetensorsWriter.ToBytes([SafetensorsTensor.FromSingles("attn.0", [1, 2, 3], values)]);
        byte[] expected =
        [
            64, 0, 0, 0, 0, 0, 0, 0, .. """{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}"""u8,
            0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64,
        ];
        Assert.Equal(expected, file);
        // One character less is made up by one space.
        file = SafetensorsWriter.ToBytes([SafetensorsTensor.FromSingles("attn0", [1, 2, 3], values)]);
        Assert.Equal(64, file[0]);
        Assert.Equal((byte)' ', file[8 + 63]);
    }

    [Fact]
    public void Tensors_AreSortedWidestFirstThenByName_WithMetadataInFront()
    {
        SafetensorsTensor Of(string name, SafetensorsDtype dtype) =>
            SafetensorsTensor.FromBytes(name, dtype, [], new byte[dtype.Size()]);
        byte[] file = SafetensorsWriter.ToBytes(
            [
                Of("b", SafetensorsDtype.F32), Of("a", SafetensorsDtype.Bool), Of("c", SafetensorsDtype.BF16),
                Of("a.0", SafetensorsDtype.F32), Of("z", SafetensorsDtype.I64), Of("y", SafetensorsDtype.F64),
            ],
            Metadata);
        string header = Encoding.UTF8.GetString(file, 8, (int)BinaryPrimitives.ReadUInt64LittleEndian(file));
        Assert.StartsWith("""{"__metadata__":{"format":"pt"},"z":""", header, StringComparison.Ordinal);
        using SafetensorsReader reader = Open(file);
        Assert.Equal(["z", "y", "a.0", "b", "c", "a"], reader.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Singles_KeepTheirBits()
    {
        float[] values = [float.NaN, BitConverter.Int32BitsToSingle(0x7FC00001), -0f, float.Epsilon, float.NegativeInfinity];
        using SafetensorsReader reader = Open(SafetensorsWriter.ToBytes([SafetensorsTensor.FromSingles("x", [5], values)]));
        Assert.Equal(
            values.Select(BitConverter.SingleToInt32Bits), reader.ReadSingles("x").Select(BitConverter.SingleToInt32Bits));
    }

    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    private static Gen<Sample> SampleOf(string name) =>
        from dtype in Gen.Elements(Enum.GetValues<SafetensorsDtype>())
        from rank in Gen.Choose(0, 3)
        from shape in Gen.ArrayOf(Gen.Choose(0, 4), rank)
        from bytes in Gen.ArrayOf(Gen.Choose(0, 255), shape.Aggregate(dtype.Size(), (product, size) => product * size))
        select new Sample(name, dtype, [.. shape.Select(size => (long)size)], [.. bytes.Select(value => (byte)value)]);

    private static SafetensorsTensor ToTensor(Sample sample) =>
        SafetensorsTensor.FromBytes(sample.Name, sample.Dtype, sample.Shape, sample.Bytes);

    private static SafetensorsReader Open(byte[] file) => new(new MemoryStream(file), "hostile");

    private sealed record Sample(string Name, SafetensorsDtype Dtype, long[] Shape, byte[] Bytes);
}
