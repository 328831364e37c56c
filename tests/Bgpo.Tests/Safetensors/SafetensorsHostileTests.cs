using System.Buffers.Binary;
using System.Text;
using Bgpo.Safetensors;

namespace Bgpo.Tests.Safetensors;

/// <summary>Files that lie are refused, by name and number.</summary>
public sealed class SafetensorsHostileTests
{
    [Theory]
    [InlineData("", 0, "does not start with '{'")]
    [InlineData("[]", 0, "does not start with '{'")]
    [InlineData(" {}", 0, "does not start with '{'")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{}}", 0, "not valid JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},}", 4, "not valid JSON")]
    [InlineData("{\"a\":1}", 0, "tensor 'a' is not described by an object")]
    [InlineData("{\"a\":{}}", 0, "tensor 'a' lacks dtype, shape or two data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8, "tensor 'a' lacks")]
    [InlineData("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype 'F33'; known are BOOL, U8")]
    [InlineData("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "not valid JSON of the format")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "shape is not an array")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
        "shape has an item that is no whole number")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4,
        "shape has an item that is no whole number")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}}", 4,
        "data_offsets has an item")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
        "field 'shape' (unknown or twice)")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"x\":1,\"data_offsets\":[0,4]}}", 4, "field 'x' (unknown or twice)")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
        "tensor 'a' (F32 [2]) has 4 bytes; its shape takes 8")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
        "has 0 bytes; its shape takes more than 2^63")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3,
        "spans bytes 0 to 4 but the file has 3 data bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "spans bytes 4 to 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
        "bytes 0 to 4 before tensor 'a' belong to no tensor")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8,
        "tensors end at byte 4 but 8 data bytes follow")]
    [InlineData("{}", 1, "tensors end at byte 0 but 1 data bytes follow")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
        6,
        "tensors 'a' and 'b' overlap at byte 2")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        8,
        "'a' stands twice")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a' is not a text")]
    [InlineData("{\"__metadata__\":[]}", 0, "__metadata__ is not an object")]
    [InlineData("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "__metadata__ 'a' stands twice")]
    public void LyingHeader_IsRefusedWithItsNumbers(string header, int dataLength, string expected)
    {
        SafetensorsException exception = Refused(FileOf(Encoding.UTF8.GetBytes(header), dataLength));
        Assert.StartsWith("m.safetensors: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void AReadThatFails_IsToldWithFileAndTensor()
    {
        byte[] header = Encoding.UTF8.GetBytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
        using var reader = new SafetensorsReader(new FailingStream(FileOf(header, 4), 8 + header.Length), "m.safetensors");
        Assert.Equal(
            "m.safetensors: tensor 'a' cannot be read: Input/output error",
            Assert.Throws<SafetensorsException>(() => reader.ReadSingles("a")).Message);
    }

    [Fact]
    public void InvalidUtf8_IsRefused() =>
        Refused(FileOf([(byte)'{', (byte)'"', 0xFF, 0xC0, (byte)'"', (byte)':', (byte)'1', (byte)'}'], 0));

    [Fact]
    public void DeeplyNestedHeader_IsRefused() =>
        Refused(FileOf(Encoding.UTF8.GetBytes("{\"a\":{\"dtype\":" + new string('[', 100_000)), 0));

    [Theory]
    [InlineData(0UL, 7, "7 bytes is too short")]
    [InlineData(100_000_001UL, 8, "claims 100000001 bytes, the limit is 100000000")]
    [InlineData(ulong.MaxValue, 8, "claims 18446744073709551615 bytes, the limit")]
    [InlineData(100_000_000UL, 8, "claims 100000000 bytes but only 0 follow")]
    public void LyingLength_IsRefusedBeforeMemoryIsTaken(ulong length, int fileLength, string expected)
    {
        var file = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsException exception = Refused(file[..fileLength]);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void WrongQuestions_AreAnsweredByName()
    {
        byte[] file = SafetensorsWriter.ToBytes([SafetensorsTensor.FromBytes("a", SafetensorsDtype.BF16, [2], new byte[4])]);
        using var reader = new SafetensorsReader(new MemoryStream(file), "m.safetensors");
        Assert.Contains("no tensor 'b'", Assert.Throws<SafetensorsException>(() => reader.Read("b")).Message,
            StringComparison.Ordinal);
        Assert.Contains("'a' is BF16; expected F32", Assert.Throws<SafetensorsException>(() => reader.ReadSingles("a")).Message,
            StringComparison.Ordinal);
        Assert.Contains("4 bytes; 3 were", Assert.Throws<SafetensorsException>(() => reader.Read("a", new byte[3])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void WriterGivenLies_SaysWhich()
    {
        SafetensorsTensor Short(string name) => SafetensorsTensor.FromBytes(name, SafetensorsDtype.F32, [2], new byte[4]);
        Assert.Contains(
            "'a' wrote 4 bytes; F32 [2] takes 8",
            Assert.Throws<SafetensorsException>(() => SafetensorsWriter.ToBytes([Short("a")])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'a' was given twice",
            Assert.Throws<SafetensorsException>(() => SafetensorsWriter.ToBytes([Short("a"), Short("a")])).Message,
            StringComparison.Ordinal);
        Assert.Throws<SafetensorsException>(() => Short("__metadata__"));
        Assert.Throws<SafetensorsException>(() => SafetensorsTensor.FromBytes("a", SafetensorsDtype.F32, [-1], default));
    }

    private static SafetensorsException Refused(byte[] file) =>
        Assert.Throws<SafetensorsException>(() => new SafetensorsReader(new MemoryStream(file), "m.safetensors"));

    private static byte[] FileOf(byte[] header, int dataLength)
    {
        var file = new byte[8 + header.Length + dataLength];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)header.Length);
        header.CopyTo(file, 8);
        return file;
    }

    private sealed class FailingStream(byte[] content, long until) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            Position < until ? base.Read(buffer, offset, count) : throw new IOException("Input/output error");
    }
}
