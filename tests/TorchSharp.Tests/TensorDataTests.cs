using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class TensorDataTests : ScopedTest
{
    [Fact]
    public void Bytes_AreTheMemoryItself()
    {
        var x = tensor([1f, 2f]);
        Assert.Equal([1f, 2f], MemoryMarshal.Cast<byte, float>(x.bytes).ToArray());
        MemoryMarshal.Cast<byte, float>(x.bytes)[1] = 7;
        Assert.Equal(7f, x[1].item<float>());
        x.bytes = MemoryMarshal.AsBytes<float>([3f, 4f]).ToArray();
        Assert.Equal([3f, 4f], x.data<float>().ToArray());
    }

    [Fact]
    public void Bfloat16_GoesInAndOutAsItsUpperHalf()
    {
        float[] values = [1f, -2.5f, 3.140625f, 65280f];
        var x = empty([4], dtype: bfloat16);
        x.bytes = MemoryMarshal.AsBytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray().AsSpan());
        Assert.Equal(values, x.@float().data<float>().ToArray());
        var back = tensor(values).bfloat16();
        Assert.Equal(bfloat16, back.dtype);
        Assert.Equal(2, back.ElementSize);
        Assert.True(back.bytes.SequenceEqual(x.bytes));
    }

    [Fact]
    public void Bytes_OfTheWrongNumberOrOfAView_AreRefused()
    {
        var x = zeros(2, 2);
        Assert.Throws<ArgumentException>(() => x.bytes = new byte[15]);
        Assert.Throws<InvalidOperationException>(() => zeros(2, 3).t().bytes.Length);
    }

    [Fact]
    public void Conversions_ChangeTypeAndKeepValues()
    {
        var x = tensor([1.75, -1.75]);
        Assert.Equal([1, -1], x.@int().data<int>().ToArray());
        Assert.Equal([1L, -1L], x.to(int64).data<long>().ToArray());
        Assert.Equal([1.75f, -1.75f], x.to_type(float32).data<float>().ToArray());
        Assert.Equal([(Half)1.75, (Half)(-1.75)], x.half().data<Half>().ToArray());
        Assert.Equal([true, true], x.@bool().data<bool>().ToArray());
        Assert.Equal(DeviceType.CPU, x.to("cpu").device_type);
        Assert.Equal("cpu", x.cpu().device.ToString());
        var source = zeros(1);
        _ = source.to(float64, disposeAfter: true);
        Assert.True(source.IsInvalid);
    }

    [Fact]
    public void ToTheSameType_SharesMemoryUnlessACopyIsAskedFor()
    {
        var x = zeros(1);
        x.to(float32).fill_(1);
        x.to(float32, copy: true).fill_(2);
        x.clone().fill_(3);
        Assert.Equal(1f, x.item<float>());
    }

    [Fact]
    public void AccessorsRead_WhateverTheStrides()
    {
        var x = tensor([1f, 2f, 3f, 4f, 5f, 6f], [2, 3]).t();
        var accessor = x.data<float>();
        Assert.Equal([1f, 4f, 2f, 5f, 3f, 6f], accessor.ToArray());
        Assert.Equal(5f, accessor[1, 1]);
        Assert.Equal(2f, accessor[2]);
        Assert.Equal(6, accessor.Count);
        Assert.Equal([1f, 4f, 2f, 5f, 3f, 6f], accessor);
        accessor[2, 1] = 60;
        accessor.CopyFrom([10f, 40f]);
        Assert.Equal([10f, 40f, 2f, 5f, 3f, 60f], accessor.ToArray());
        Assert.Throws<IndexOutOfRangeException>(() => accessor[3, 0]);
        Assert.Throws<IndexOutOfRangeException>(() => accessor[6]);
    }

    [Fact]
    public void DataOfAnotherType_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => zeros(1).data<double>());
        Assert.Contains("Float32", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => zeros(1).item<long>());
        Assert.Throws<ArgumentException>(() => zeros(2).item<float>());
    }

    [Fact]
    public void OneElementTensors_ConvertToNumbers()
    {
        Assert.Equal(2.5f, tensor(2.5).ToSingle());
        Assert.Equal(2.5, tensor(2.5f).ToDouble());
        Assert.Equal(7, tensor(7L).ToInt32());
        Assert.Equal(7L, tensor(7).ToInt64());
        Assert.True(tensor(true).ToBoolean());
        Assert.Throws<ExternalException>(() => zeros(2).ToSingle());
    }

    [Fact]
    public void Devices_ParseAndPrint()
    {
        Assert.Equal("cuda:1", new Device("cuda:1").ToString());
        Assert.Equal(DeviceType.CUDA, new Device(0).type);
        Assert.Throws<ArgumentException>(() => device("tpu"));
        Assert.Throws<FormatException>(() => device("cuda:one"));
        if (!cuda.is_available())
        {
            Assert.Equal(0, cuda.device_count());
            Assert.Throws<InvalidOperationException>(() => zeros(1, device: "cuda"));
        }
    }

    [Fact]
    public void ADisposedTensor_IsNoTensorAnyMore()
    {
        var x = zeros(1);
        x.Dispose();
        x.Dispose();
        Assert.True(x.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => x.add(1));
    }
}
