using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>What a run's promise of the same bits rests on in libtorch.</summary>
public class NumericsTests
{
    [Fact]
    public void TwoDevicesAtOnce_ComputeTheSameBits()
    {
        // A BLAS whose buffers are not locked fails this within some ten thousand products.
        const int products = 30_000;
        using var generator = new Generator(1);
        using Tensor x = randn([64, 64], generator: generator);
        using Tensor y = randn([64, 272], generator: generator);
        using Tensor product = x.matmul(y);
        float[] expected = product.data<float>().ToArray();
        int[] wrong = new int[2];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(device => new Thread(() =>
        {
            Libtorch.UseOneThread();
            for (int i = 0; i < products; i++)
            {
                using Tensor again = x.matmul(y);
                wrong[device] += MemoryMarshal.Cast<byte, float>(again.bytes).SequenceEqual(expected) ? 0 : 1;
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        Assert.Equal([0, 0], wrong);
    }

    [Theory]
    [InlineData("OMP_NUM_THREADS", "1")]
    [InlineData("MKL_CBWR", "AVX2")]
    [InlineData("ATEN_CPU_CAPABILITY", "avx2")]
    public void WhatDecidesBits_IsSet_WhateverTheEnvironmentSays(string name, string value) =>
        Assert.Equal(value, Marshal.PtrToStringUTF8(GetEnvironment(name)));

    [Theory]
    [InlineData("DNNL_DEFAULT_FPMATH_MODE", "BF16", null)]
    [InlineData("MKL_ENABLE_INSTRUCTIONS", "SSE4_2", null)]
    [InlineData("KMP_DETERMINISTIC_REDUCTION", "0", null)]
    [InlineData("ATEN_CPU_CAPABILITY", "default", "avx2")]
    [InlineData("BGPO_TESTS_LEFT", "1", "1")]
    public void WhatTheEnvironmentAsksOfTheLibraries_IsTakenAway(string name, string asked, string? left)
    {
        // As a process begins that was given it: .NET's copy, and the one that native code reads.
        Environment.SetEnvironmentVariable(name, asked);
        _ = SetEnvironment(name, asked, 1);
        try
        {
            Libtorch.Load();
            Assert.Equal(left, Marshal.PtrToStringUTF8(GetEnvironment(name)));
        }
        finally
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Fact]
    public void TheProbe_IsTheSame_HoweverOftenItIsTaken()
    {
        Assert.Matches("^[0-9a-f]{8}$", NumericsProbe.Digest);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(NumericsProbe.Digest, NumericsProbe.Compute()));
    }

    [Fact]
    public void TheFingerprint_NamesLibtorchAndItsInstructions() =>
        Assert.Equal("libtorch 2.10.0; MKL CBWR=AVX2, ATen and oneDNN AVX2", Libtorch.Description);

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetEnvironment([MarshalAs(UnmanagedType.LPStr)] string name,
        [MarshalAs(UnmanagedType.LPStr)] string value, int overwrite);

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetEnvironment([MarshalAs(UnmanagedType.LPStr)] string name);
}
