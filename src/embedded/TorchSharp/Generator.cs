using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A source of pseudo-random numbers. As in TorchSharp it draws on the CPU whatever device it was made for: draw there, then
    /// move the tensor. Not safe for use by several threads at once.
    /// </summary>
    public class Generator : IDisposable
    {
        /// <summary>A generator with the given seed.</summary>
        /// <param name="seed">Equal seeds give equal numbers.</param>
        /// <param name="device">Kept in <see cref="device"/>.</param>
        public Generator(ulong seed = 0, Device? device = null)
            : this(NativeMethods.ts_generator_new(seed), device ?? CPU)
        {
        }

        private Generator(nint handle, Device device)
        {
            if (handle == 0)
                throw NativeMethods.LastError();
            Handle = handle;
            this.device = device;
        }

        /// <summary>Frees the native generator.</summary>
        ~Generator() => Dispose(disposing: false);

        /// <summary>The process's default generator, which functions use when given none.</summary>
        public static Generator Default => new(NativeMethods.ts_generator_default(), CPU);

        /// <summary>The native generator.</summary>
        public IntPtr Handle { get; private set; }

        /// <summary>The device it was made for.</summary>
        public Device device { get; private set; }

        /// <summary>The state as a tensor of bytes, for <see cref="set_state"/>.</summary>
        public Tensor get_state()
        {
            var result = Tensor.Own(NativeMethods.ts_generator_state(Handle));
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Continues from a state that <see cref="get_state"/> gave.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">The tensor is no such state.</exception>
        public void set_state(Tensor value)
        {
            ArgumentNullException.ThrowIfNull(value);
            NativeMethods.Check(NativeMethods.ts_generator_set_state(Handle, value.Handle));
            GC.KeepAlive(value);
            GC.KeepAlive(this);
        }

        /// <summary>Starts anew from a seed.</summary>
        /// <returns>This generator.</returns>
        public Generator manual_seed(long seed)
        {
            NativeMethods.Check(NativeMethods.ts_generator_seed(Handle, unchecked((ulong)seed)));
            return this;
        }

        /// <summary>The seed it last started from.</summary>
        public long initial_seed()
        {
            var result = unchecked((long)NativeMethods.ts_generator_initial_seed(Handle));
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Frees the native generator.</summary>
        public void Dispose()
        {
            Dispose(disposing: true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees the native generator.</summary>
        protected virtual void Dispose(bool disposing)
        {
            if (Handle == 0)
                return;
            NativeMethods.ts_generator_dispose(Handle);
            Handle = 0;
        }
    }

    /// <summary>Seeds the default generators of all devices.</summary>
    /// <returns>The default generator of the CPU.</returns>
    public static Generator manual_seed(long seed)
    {
        NativeMethods.Check(NativeMethods.ts_manual_seed(unchecked((ulong)seed)));
        return Generator.Default;
    }
}
