using System.Reflection;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Silo.Devices;
using Bgpo.Spec;

namespace Bgpo.Grains.Tests;

/// <summary>A silo's devices and the replicas that they hold.</summary>
public sealed class PolicyDevicesTests
{
    [Fact]
    public async Task ARunThatIsReleasedWhileADeviceWorksForIt_WaitsForNobody_AndIsFreedAfterThePiece()
    {
        ModelFolder model = ModelFolder.Load(SmallRuns.BaseModel());
        using var begun = new SemaphoreSlim(0);
        using var goOn = new ManualResetEventSlim();
        ITokenizer tokenizer = DispatchProxy.Create<ITokenizer, Intercepted>();
        ((Intercepted)tokenizer).Answer = (method, arguments) =>
        {
            if (method.Name == nameof(ITokenizer.EncodePrompt))
            {
                begun.Release();
                goOn.Wait(TestContext.Current.CancellationToken);
                throw new InvalidOperationException("the piece is over");
            }
            return method.Invoke(model.Tokenizer, arguments);
        };
        RunSpec spec = SpecLoader.Load<RunSpec>(SmallRuns.Spec(), "test", []);
        var run = new RunContext("a", spec, null!, model.Config, tokenizer, model.Parameters.Length);
        ReadOnlyMemory<float>[] shards = [.. Enumerable.Range(0, run.Shards).Select(shard =>
        {
            (long offset, int length) = ShardKey.Span(shard, run.Parameters);
            return (ReadOnlyMemory<float>)model.Parameters.AsMemory((int)offset, length);
        })];
        using var devices = new PolicyDevices(DeviceSet.Cpu(1));
        try
        {
            Task<RolloutResult> piece = devices.Sample(
                run, new Weights(0, shards), new RolloutRequest(1, 0, default(Purpose), 0, [0], ["1234"], 1, 4),
                CancellationToken.None);
            Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            await devices.Release("a").WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            Assert.Equal(["a"], devices.Runs);

            goOn.Set();
            Assert.Equal("the piece is over", (await Assert.ThrowsAsync<InvalidOperationException>(() => piece)).Message);
            Assert.Equal([null], devices.Runs);
        }
        finally
        {
            goOn.Set();
        }
    }

    /// <summary>An interface of which a test answers the calls.</summary>
    public class Intercepted : DispatchProxy
    {
        internal Func<MethodInfo, object?[], object?> Answer { get; set; } = static (_, _) => null;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Answer(targetMethod!, args ?? []);
    }
}
