using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Something that can be called: a grain, or a reference to one.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>The root of grain interfaces.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain whose key is a string.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain whose key is an integer.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>A grain whose key is a GUID.</summary>
    public interface IGrainWithGuidKey : IGrain;

    /// <summary>What a grain class must have: its context and two hooks.</summary>
    public interface IGrainBase
    {
        /// <summary>The activation around the grain.</summary>
        IGrainContext GrainContext { get; }

        /// <summary>Runs before the first request; a failure fails the activation and reaches its callers.</summary>
        Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

        /// <summary>Runs after the last request.</summary>
        Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
    }
}
