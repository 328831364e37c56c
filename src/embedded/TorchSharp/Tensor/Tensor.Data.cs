using TorchSharp.Interop;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Elements in and out.</content>
    public partial class Tensor
    {
        /// <summary>
        /// The memory of the tensor, for reading and writing in place; setting it copies the bytes in. The span does not keep the
        /// tensor alive: hold on to the tensor while using it.
        /// </summary>
        /// <exception cref="InvalidOperationException">The tensor is not contiguous, or not on the CPU.</exception>
        /// <exception cref="ArgumentException">It is larger than a span can be, or the bytes set are not as many as its own.</exception>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous())
                    throw new InvalidOperationException($"{this}: bytes of a tensor that is not contiguous; call contiguous() first");
                var length = numel() * ElementSize;
                if (length > int.MaxValue)
                    throw new ArgumentException($"{this} has {length} bytes; a span holds at most {int.MaxValue}; take narrow() views");
                return new Span<byte>((void*)HostMemory(), (int)length);
            }

            set
            {
                var target = bytes;
                if (value.Length != target.Length)
                    throw new ArgumentException($"{this} has {target.Length} bytes; {value.Length} were given");
                value.CopyTo(target);
                GC.KeepAlive(this);
            }
        }

        /// <summary>Typed access to the elements, wherever they lie (a tensor on a GPU is copied first).</summary>
        /// <exception cref="ArgumentException">T is not the type of the elements.</exception>
        public Utils.TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            var expected = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Bool => typeof(bool),
                ScalarType.Float16 => typeof(Half),
                ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                var other => throw new ArgumentException($"elements of type {other} have no .NET type here; use bytes, or convert first"),
            };
            if (typeof(T) != expected)
                throw new ArgumentException($"{typeof(T).Name} is not compatible with {dtype}, whose elements are {expected.Name}");
            return new Utils.TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The value of a tensor with one element.</summary>
        /// <exception cref="ArgumentException">T is not the type of the elements, or there is not exactly one.</exception>
        public T item<T>()
            where T : unmanaged
        {
            if (numel() != 1)
                throw new ArgumentException($"item of {this}: the number of elements must be 1");
            return data<T>()[0];
        }

        /// <summary>Sets every element to a value.</summary>
        public Tensor fill_(Scalar value) => InPlace(ts_fill_(Handle, value.Value));

        /// <summary>Copies another tensor's elements in, converting and broadcasting them.</summary>
        public Tensor copy_(Tensor source, bool nonBlocking = false)
            => InPlace(ts_copy_(Handle, source.Handle, nonBlocking ? 1 : 0), source);

        internal unsafe nint HostMemory()
        {
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException($"{this}: its memory cannot be read from here; take cpu() first");
            nint pointer;
            Check(ts_data(Handle, &pointer));
            GC.KeepAlive(this);
            return pointer;
        }

        internal unsafe ScalarValue Item()
        {
            ScalarValue value;
            Check(ts_item(Handle, &value));
            GC.KeepAlive(this);
            return value;
        }
    }
}
