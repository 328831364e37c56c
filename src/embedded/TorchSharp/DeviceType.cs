namespace TorchSharp;

/// <summary>Where a tensor's memory lies.</summary>
public enum DeviceType
{
    /// <summary>The processor's memory.</summary>
    CPU = 0,

    /// <summary>An NVIDIA GPU's memory.</summary>
    CUDA = 1,
}
