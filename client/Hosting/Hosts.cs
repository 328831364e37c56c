namespace Bgpo.Client.Hosting;

/// <summary>What this console works with.</summary>
internal static class Hosts
{
    /// <summary>Starts what runs live in.</summary>
    internal static ITrainingHost Training() => new Absent();

    /// <summary>Works with models.</summary>
    internal static IModelCommands Models() => new Absent();

    private sealed class Absent : ITrainingHost, IModelCommands
    {
        private static InvalidOperationException Missing => new("this console was built without its silo");

        public Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken) => throw Missing;

        public Task<PretrainOutcome> Pretrain(PretrainRequest request, IProgress<PretrainProgress> progress, CancellationToken cancellationToken) =>
            throw Missing;

        public Task<EvaluateOutcome> Evaluate(EvaluateRequest request, IProgress<ProblemsDone> progress, CancellationToken cancellationToken) =>
            throw Missing;

        public Task<GenerateOutcome> Generate(GenerateRequest request, CancellationToken cancellationToken) => throw Missing;

        public Task<MemoryOutcome> MeasureMemory(MemoryRequest request, IProgress<MemoryMeasured> progress, CancellationToken cancellationToken) =>
            throw Missing;
    }
}
