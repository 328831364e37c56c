using System.Runtime.InteropServices;
using TorchSharp.Embedded;
using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class BlasTests : ScopedTest
{
    [Fact]
    public void TheOneThreadOpenBlas_IsTheOnlyBlasInMemory_WhereItIsInstalled()
    {
        _ = ones(64, 64).matmul(ones(64, 64));
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
        var folder = $"/usr/lib/{architecture}-linux-gnu/openblas-pthread";
        Assert.SkipUnless(Directory.Exists(folder), "libopenblas0-pthread is not installed");
        Assert.SkipUnless(Environment.GetEnvironmentVariable("LIBTORCH") is null or "", "LIBTORCH brings its own BLAS");

        string[] mapped = [.. File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .Where(path => Path.GetFileName(path) is var name
                && (name.StartsWith("libblas", StringComparison.Ordinal)
                    || name.StartsWith("liblapack", StringComparison.Ordinal)
                    || name.StartsWith("libopenblas", StringComparison.Ordinal)))
            .Distinct()];

        Assert.NotEmpty(mapped);
        Assert.All(mapped, path => Assert.StartsWith(folder, path, StringComparison.Ordinal));
        Assert.Contains("OpenBLAS", EmbeddedTorch.BlasDescription, StringComparison.Ordinal);
        Assert.Contains(folder, EmbeddedTorch.BlasDescription, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoDevicesAtOnce_ComputeTheSameBits()
    {
        // A BLAS whose buffers are not locked fails this within some ten thousand products.
        const int products = 30_000;
        set_num_threads(1);
        using var generator = new Generator(1);
        using var x = randn([64, 64], generator: generator);
        using var y = randn([64, 272], generator: generator);
        using var product = x.matmul(y);
        var expected = product.data<float>().ToArray();
        var wrong = new int[2];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(device => new Thread(() =>
        {
            set_num_threads(1);
            for (var i = 0; i < products; i++)
            {
                using var again = x.matmul(y);
                wrong[device] += MemoryMarshal.Cast<byte, float>(again.bytes).SequenceEqual(expected) ? 0 : 1;
            }
        }))];
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Assert.Equal([0, 0], wrong);
    }

    [Fact]
    public void OneThreadDevices_StartNoThreadsOfTheirOwn()
    {
        // Threads that OpenMP starts inherit the name of the thread that needed them.
        Assert.Equal(1, ThreadsAfterComputing("one-torch", threads: 1));
        Assert.InRange(ThreadsAfterComputing("two-torch", threads: 2), 2, int.MaxValue);
    }

    [Fact]
    public void TheVersion_IsThatOfLibtorch()
    {
        Assert.Equal(EmbeddedTorch.LibtorchVersion, __version__);
        Assert.Matches(@"^[12]\.\d+\.\d+", __version__);
        Assert.Contains("PyTorch built with", EmbeddedTorch.LibtorchConfiguration, StringComparison.Ordinal);
    }

    private static int ThreadsAfterComputing(string name, int threads)
    {
        var count = 0;
        var thread = new Thread(() =>
        {
            set_num_threads(threads);
            Assert.Equal(threads, get_num_threads());
            using var scope = NewDisposeScope();
            var x = ones(512, 512).requires_grad_();
            (x.matmul(x) + x.exp()).softmax(1).sum().backward();
            count = Directory.GetDirectories("/proc/self/task").Count(task => Named(task, name));
        })
        { Name = name };
        thread.Start();
        thread.Join();
        return count;
    }

    // A thread of the process may end between being listed and being read.
    private static bool Named(string task, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).Trim() == name;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
