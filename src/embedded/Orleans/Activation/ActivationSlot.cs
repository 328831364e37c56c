using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>Lets a grain's services ask for the activation they belong to.</summary>
internal sealed class ActivationSlot
{
    public IGrainContext? Context { get; set; }
}
