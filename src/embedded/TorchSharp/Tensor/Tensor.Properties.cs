using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>What a tensor is: shape, type, place.</content>
    public partial class Tensor
    {
        /// <summary>The number of dimensions.</summary>
        public long Dimensions => ndim;

        /// <summary>The number of dimensions.</summary>
        public long ndim
        {
            get
            {
                var result = ts_ndim(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>The number of elements.</summary>
        public long NumberOfElements => numel();

        /// <summary>The size of an element in bytes.</summary>
        public long ElementSize
        {
            get
            {
                var result = ts_element_size(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>The size of every dimension; a new array at each read.</summary>
        public long[] shape => size();

        /// <summary>The type of the elements.</summary>
        public ScalarType dtype
        {
            get
            {
                var result = (ScalarType)ts_dtype(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>The kind of device that the memory is on.</summary>
        public DeviceType device_type
        {
            get
            {
                var result = (DeviceType)ts_device_type(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>The number of the device, or -1.</summary>
        public int device_index
        {
            get
            {
                var result = ts_device_index(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>The device that the memory is on.</summary>
        public Device device => new(device_type, device_index);

        /// <summary>Whether the memory is on a CUDA device.</summary>
        public bool is_cuda => device_type == DeviceType.CUDA;

        /// <summary>The number of dimensions.</summary>
        public long dim() => ndim;

        /// <summary>The number of elements.</summary>
        public long numel()
        {
            var result = ts_numel(Handle);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Whether the elements are floating-point numbers.</summary>
        public bool is_floating_point() => torch.is_floating_point(dtype);

        /// <summary>Whether the elements are integers or truth values.</summary>
        public bool is_integral() => torch.is_integral(dtype);

        /// <summary>The size of every dimension.</summary>
        public unsafe long[] size()
        {
            var result = new long[ndim];
            fixed (long* p = result)
                ts_sizes(Handle, p);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>The size of one dimension.</summary>
        /// <param name="dim">Counted from 0, or backwards from -1.</param>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">There is no such dimension.</exception>
        public unsafe long size(int dim)
        {
            long result;
            Check(ts_size(Handle, dim, &result));
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>For every dimension, how many elements of the storage lie between neighbours.</summary>
        public unsafe long[] stride()
        {
            var result = new long[ndim];
            fixed (long* p = result)
                ts_strides(Handle, p);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>How many elements of the storage lie between neighbours along a dimension.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">There is no such dimension.</exception>
        public unsafe long stride(int dim)
        {
            long result;
            Check(ts_stride(Handle, dim, &result));
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Where in its storage the tensor begins, in elements.</summary>
        public long storage_offset()
        {
            var result = ts_storage_offset(Handle);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Whether the elements lie in memory in the order of their indices, without gaps.</summary>
        public bool is_contiguous()
        {
            var result = ts_is_contiguous(Handle) != 0;
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Type, shape and device, as in "Float32[2, 3] on cpu".</summary>
        public override string ToString()
            => IsInvalid ? "disposed tensor" : $"{dtype}[{string.Join(", ", shape)}] on {device}";
    }
}
