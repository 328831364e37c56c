using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharpTests;

/// <summary>Counts the tensors of the whole process, so no other test may run meanwhile.</summary>
[CollectionDefinition(nameof(TrainingMemoryTests), DisableParallelization = true)]
[Collection(nameof(TrainingMemoryTests))]
public sealed class TrainingMemoryTests
{
    private const int Width = 16;
    private const long AllowedGrowth = 8 << 20;

    [Fact]
    public void AThousandTrainingSteps_LeaveTensorsAndMemoryAsTheyWere()
    {
        set_num_threads(1);
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor[] parameters = [.. Enumerable.Range(0, 5)
            .Select(_ => (randn([Width, Width], generator: generator) * 0.2).requires_grad_())];
        Tensor[] first = [.. parameters.Select(p => zeros_like(p))];
        Tensor[] second = [.. parameters.Select(p => zeros_like(p))];
        var input = randn([8, 4, Width], generator: generator);
        var target = randn([8, 4, Width], generator: generator);

        var before = 0f;
        for (var step = 1; step <= 1000; step++)
        {
            var loss = Step(parameters, first, second, input, target, step);
            before = step == 1 ? loss : before;
        }

        Settle();
        var tensors = Tensor.TotalCount;
        var memory = ResidentBytes();
        var after = 0f;
        for (var step = 1001; step <= 2000; step++)
            after = Step(parameters, first, second, input, target, step);

        Assert.Equal(tensors, Tensor.TotalCount);
        Settle();
        Assert.Equal(tensors, Tensor.TotalCount);
        Assert.InRange(ResidentBytes() - memory, long.MinValue, AllowedGrowth);
        Assert.True(after < before / 2, $"training did not train: the loss went from {before} to {after}");
        Assert.True(Tensor.PeakCount > tensors);
    }

    [Fact]
    public void TensorsThatAreDropped_AreFreedByTheCollectorAtLast()
    {
        Settle();
        var before = Tensor.TotalCount;
        Drop();
        Assert.Equal(before + 100, Tensor.TotalCount);
        Settle();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Drop()
    {
        for (var i = 0; i < 100; i++)
            _ = zeros(10);
    }

    /// <summary>Attention, two layers, the squared error and Adam by hand.</summary>
    private static float Step(Tensor[] parameters, Tensor[] first, Tensor[] second, Tensor input, Tensor target, int step)
    {
        using var scope = NewDisposeScope();
        var q = F.linear(input, parameters[0]);
        var k = F.linear(input, parameters[1]);
        var v = F.linear(input, parameters[2]);
        var hidden = input + F.scaled_dot_product_attention(q, k, v);
        var output = F.linear(F.silu(F.linear(hidden, parameters[3])), parameters[4]);
        var loss = (output - target).square().mean();
        loss.backward();

        using var still = no_grad();
        for (var i = 0; i < parameters.Length; i++)
        {
            var gradient = parameters[i].grad!;
            first[i].mul_(0.9).add_(gradient, 0.1);
            second[i].mul_(0.999).addcmul_(gradient, gradient, 0.001);
            var scale = (second[i] / (1 - Math.Pow(0.999, step))).sqrt_().add_(1e-8);
            parameters[i].addcdiv_(first[i], scale, -0.01 / (1 - Math.Pow(0.9, step)));
            gradient.zero_();
        }

        return loss.item<float>();
    }

    private static void Settle()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static long ResidentBytes()
        => long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(
            ' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
}
