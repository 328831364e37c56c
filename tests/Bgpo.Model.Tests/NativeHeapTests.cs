using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

public class NativeHeapTests
{
    private const int Bytes = 1 << 20;
    private const int Tensors = 16;

    [Fact]
    public async Task FreedTensors_AreTakenAgainWithoutNewPages()
    {
        Assert.SkipUnless(NativeHeap.KeepFreed(), "libc is not glibc");
        long faults = await Task.Factory.StartNew(
            () =>
            {
                // glibc before 2.38 needs a few turns until crumbs beside aligned blocks no longer part them.
                for (int i = 0; i < 64; i++)
                {
                    Fill();
                }
                long before = Faults();
                Fill();
                return Faults() - before;
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.InRange(faults, 0, Tensors * Bytes / Environment.SystemPageSize / 10);
    }

    private static void Fill()
    {
        Tensor[] tensors = [.. Enumerable.Range(0, Tensors).Select(_ => ones(Bytes / sizeof(float)))];
        foreach (Tensor tensor in tensors)
        {
            tensor.Dispose();
        }
    }

    /// <summary>Page faults of this thread so far.</summary>
    private static long Faults()
    {
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[7], System.Globalization.CultureInfo.InvariantCulture);
    }
}
