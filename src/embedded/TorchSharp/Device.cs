using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A device that tensors live on, such as cpu or cuda:0.</summary>
    public class Device
    {
        /// <summary>Parses a device such as "cpu", "cuda" or "cuda:1".</summary>
        /// <exception cref="ArgumentException">The description names no device.</exception>
        /// <exception cref="FormatException">What follows the colon is no number.</exception>
        public Device(string description)
        {
            ArgumentNullException.ThrowIfNull(description);
            var colon = description.IndexOf(':', StringComparison.Ordinal);
            type = Parse(colon < 0 ? description : description[..colon]);
            if (colon < 0)
                return;
            if (!int.TryParse(description.AsSpan(colon + 1), out var number))
                throw new FormatException($"device '{description}' has no number after the colon; give it as in 'cuda:0'");
            index = number;
        }

        /// <summary>A device of the given type ("cpu", "cuda") and number; -1 is the current one.</summary>
        /// <exception cref="ArgumentException">There is no such type.</exception>
        public Device(string deviceType, int index = -1)
        {
            ArgumentNullException.ThrowIfNull(deviceType);
            type = Parse(deviceType);
            this.index = index;
        }

        /// <summary>A device of the given type and number; -1 is the current one.</summary>
        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        /// <summary>The CUDA device of the given number.</summary>
        public Device(int index)
        {
            type = DeviceType.CUDA;
            this.index = index;
        }

        /// <summary>The kind of device.</summary>
        public DeviceType type { get; private set; } = DeviceType.CPU;

        /// <summary>Its number, or -1 for the current one.</summary>
        public int index { get; private set; } = -1;

        /// <summary>The device as text, such as cpu or cuda:0.</summary>
        public override string ToString()
            => type == DeviceType.CPU ? "cpu" : index == -1 ? "cuda" : $"cuda:{index}";

#pragma warning disable CA2225 // No named alternative, as in TorchSharp.
        /// <summary>Parses a device such as "cuda:0".</summary>
        public static implicit operator Device(string description) => new(description);
#pragma warning restore CA2225

        private static DeviceType Parse(string name) => name.ToUpperInvariant() switch
        {
            "CPU" => DeviceType.CPU,
            "CUDA" => DeviceType.CUDA,
            _ => throw new ArgumentException($"device type '{name}' is unknown; it must be cpu or cuda"),
        };
    }

    private static Device? s_cuda;

    /// <summary>The processor.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>The current CUDA device.</summary>
    /// <exception cref="InvalidOperationException">This libtorch sees no CUDA device.</exception>
    public static Device CUDA => s_cuda ??= InitializeDevice(new Device(DeviceType.CUDA));

    /// <summary>Parses a device such as "cpu" or "cuda:0" and checks that it is there.</summary>
    /// <exception cref="InvalidOperationException">It is a CUDA device and this libtorch sees none.</exception>
    public static Device device(string description) => InitializeDevice(new Device(description));

    /// <summary>The device of the given type ("cpu", "cuda") and number, checked to be there.</summary>
    /// <exception cref="InvalidOperationException">It is a CUDA device and this libtorch sees none.</exception>
    public static Device device(string deviceType, int index = -1) => InitializeDevice(new Device(deviceType, index));

    /// <summary>The device of the given type and number, checked to be there.</summary>
    /// <exception cref="InvalidOperationException">It is a CUDA device and this libtorch sees none.</exception>
    public static Device device(DeviceType deviceType, int index = -1) => InitializeDevice(new Device(deviceType, index));

    /// <summary>The CUDA device of the given number.</summary>
    public static Device device(int index) => new(DeviceType.CUDA, index);

    /// <summary>Answers the device, or the CPU for null, once it is known to be usable.</summary>
    /// <exception cref="InvalidOperationException">It is a CUDA device and this libtorch sees none.</exception>
    public static Device InitializeDevice(Device? device)
    {
        device ??= CPU;
        if (device.type == DeviceType.CUDA && !cuda.is_available())
        {
            throw new InvalidOperationException(
                $"device '{device}' was asked for, but this libtorch ({__version__}) sees no CUDA device; use cpu or a libtorch with CUDA");
        }

        return device;
    }

    /// <summary>NVIDIA GPUs.</summary>
    public static partial class cuda
    {
        /// <summary>Whether this libtorch has CUDA and sees a device.</summary>
        public static bool is_available() => NativeMethods.ts_cuda_is_available() != 0;

        /// <summary>The number of CUDA devices; 0 without CUDA.</summary>
        public static int device_count() => NativeMethods.ts_cuda_device_count();

        /// <summary>Waits until everything queued on the device (null: the current one) is done.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">There is no such device, or work on it failed.</exception>
        public static void synchronize(Device? device = null) => NativeMethods.Check(NativeMethods.ts_cuda_synchronize(device?.index ?? -1));
    }
}
