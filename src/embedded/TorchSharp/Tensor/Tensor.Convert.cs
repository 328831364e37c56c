using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Other types and devices.</content>
    public partial class Tensor
    {
        /// <summary>The tensor in another element type; itself (a new object) if it has it already.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
            => to_type(type, copy, disposeAfter, non_blocking);

        /// <summary>The tensor in another element type; itself (a new object) if it has it already.</summary>
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
            => Moved(ts_to_type(Handle, (int)type, Flag(copy), Flag(non_blocking)), disposeAfter);

        /// <summary>The tensor on another device; itself (a new object) if it is there already.</summary>
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
            => to(device.type, device.index, copy, disposeAfter, non_blocking);

        /// <summary>The tensor on another device; itself (a new object) if it is there already.</summary>
        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
            => to(new Device(device), copy, disposeAfter, non_blocking);

        /// <summary>The tensor on another device; itself (a new object) if it is there already.</summary>
        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            InitializeDevice(new Device(deviceType, deviceIndex));
            return Moved(ts_to_device(Handle, (int)deviceType, deviceIndex, Flag(copy), Flag(non_blocking)), disposeAfter);
        }

        /// <summary>The tensor in another element type on another device.</summary>
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            InitializeDevice(device);
            return Moved(
                ts_to_type_and_device(Handle, (int)type, (int)device.type, device.index, Flag(copy), Flag(non_blocking)),
                disposeAfter);
        }

        /// <summary>The tensor in the processor's memory.</summary>
        public Tensor cpu() => to(DeviceType.CPU);

        /// <summary>The tensor on a CUDA device: the given one, or the current one.</summary>
        /// <exception cref="ArgumentException">The device is not a CUDA device.</exception>
        public Tensor cuda(Device? device = null, bool non_blocking = false)
        {
            if (device is not null && device.type != DeviceType.CUDA)
                throw new ArgumentException($"device '{device}' is not a CUDA device", nameof(device));
            return to(DeviceType.CUDA, device?.index ?? -1, non_blocking: non_blocking);
        }

        /// <summary>The tensor as Float32.</summary>
        public Tensor @float() => to_type(ScalarType.Float32);

        /// <summary>The tensor as Float64.</summary>
        public Tensor @double() => to_type(ScalarType.Float64);

        /// <summary>The tensor as Float16.</summary>
        public Tensor half() => to_type(ScalarType.Float16);

        /// <summary>The tensor as BFloat16.</summary>
        public Tensor bfloat16() => to_type(ScalarType.BFloat16);

        /// <summary>The tensor as Int32.</summary>
        public Tensor @int() => to_type(ScalarType.Int32);

        /// <summary>The tensor as Int64.</summary>
        public Tensor @long() => to_type(ScalarType.Int64);

        /// <summary>The tensor as Byte.</summary>
        public Tensor @byte() => to_type(ScalarType.Byte);

        /// <summary>The tensor as Bool.</summary>
        public Tensor @bool() => to_type(ScalarType.Bool);

        /// <summary>The tensor in another element type.</summary>
        public Tensor type(ScalarType dtype) => to_type(dtype);

        /// <summary>A copy, through which gradients flow.</summary>
        public Tensor clone() => Result(ts_clone(Handle));

        private static int Flag(bool value) => value ? 1 : 0;

        private Tensor Moved(IntPtr handle, bool disposeAfter)
        {
            var result = Result(handle);
            if (disposeAfter)
                Dispose();
            return result;
        }
    }
}
