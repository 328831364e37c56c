using System.Runtime.InteropServices;
using TorchSharp.Embedded;
using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class BlasTests : ScopedTest
{
    [Fact]
    public void TheSerialBlas_IsTheOnlyOneInMemory_WhereItIsInstalled()
    {
        _ = ones(64, 64).matmul(ones(64, 64));
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
        var serial = $"/usr/lib/{architecture}-linux-gnu/openblas-serial";
        Assert.SkipUnless(Directory.Exists(serial), "libopenblas0-serial is not installed");
        Assert.SkipUnless(Environment.GetEnvironmentVariable("LIBTORCH") is null or "", "LIBTORCH brings its own BLAS");

        string[] mapped = [.. File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .Where(path => Path.GetFileName(path) is var name
                && (name.StartsWith("libblas", StringComparison.Ordinal)
                    || name.StartsWith("liblapack", StringComparison.Ordinal)
                    || name.StartsWith("libopenblas", StringComparison.Ordinal)))
            .Distinct()];

        Assert.NotEmpty(mapped);
        Assert.All(mapped, path => Assert.StartsWith(serial, path, StringComparison.Ordinal));
        Assert.Contains("OpenBLAS", EmbeddedTorch.BlasDescription, StringComparison.Ordinal);
        Assert.Contains(serial, EmbeddedTorch.BlasDescription, StringComparison.Ordinal);
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
