using System.Runtime.CompilerServices;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// An array of numbers of one type, with its shape, on one device. It owns one native handle and frees it when disposed: by
    /// hand, by the dispose scope that it was made in, or at last by the garbage collector, which knows nothing of the native
    /// memory and comes late. Functions whose name ends in _ change the tensor and answer it.
    /// </summary>
    public partial class Tensor : IDisposable
    {
        private static long s_totalCount;
        private static long s_peakCount;
        private IntPtr _handle;

        internal Tensor(IntPtr handle, bool register = true)
        {
            _handle = handle;
            var count = Interlocked.Increment(ref s_totalCount);
            if (count > s_peakCount)
                s_peakCount = count;
            if (register)
                DisposeScope.Current?.Add(this);
        }

        /// <summary>Frees the native tensor.</summary>
        ~Tensor() => Dispose(false);

        /// <summary>The number of tensor objects alive in the process, of all threads.</summary>
        public static long TotalCount => Volatile.Read(ref s_totalCount);

        /// <summary>The largest <see cref="TotalCount"/> so far.</summary>
        public static long PeakCount => Volatile.Read(ref s_peakCount);

        /// <summary>Whether the tensor was disposed, or its handle taken over.</summary>
        public bool IsInvalid => _handle == 0;

        /// <summary>The native tensor, an at::Tensor*.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed.</exception>
        public IntPtr Handle => _handle != 0 ? _handle : throw Disposed();

        // What DisposeScope keeps in its tensors.
        internal DisposeScope? Scope { get; set; }

        internal Tensor? Next { get; set; }

        internal Tensor? Previous { get; set; }

        /// <summary>Frees the native tensor. Its memory goes when no other tensor or graph uses it.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Moves the tensor to the scope around the one that it is in, or out of all scopes.</summary>
        /// <returns>This tensor.</returns>
        public Tensor MoveToOuterDisposeScope()
        {
            Scope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of all scopes: whoever holds it disposes it.</summary>
        /// <returns>This tensor.</returns>
        public Tensor DetachFromDisposeScope()
        {
            Scope?.Detach(this);
            return this;
        }

        /// <summary>Moves the tensor to the scope that another tensor is in, or out of all scopes.</summary>
        /// <returns>This tensor.</returns>
        public Tensor MoveToOtherDisposeScope(Tensor other)
        {
            ArgumentNullException.ThrowIfNull(other);
            return MoveToOtherDisposeScope(other.Scope);
        }

        /// <summary>Moves the tensor to a scope, or out of all scopes for null.</summary>
        /// <returns>This tensor.</returns>
        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (Scope is null)
                other?.Attach(this);
            else
                Scope.MoveTo(other, this);
            return this;
        }

        /// <summary>Whether the two are the same object. Compare elements with <see cref="eq(Tensor)"/>.</summary>
        public override bool Equals(object? obj) => ReferenceEquals(this, obj);

        /// <summary>A hash of the object's identity.</summary>
        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

        /// <summary>Frees the native tensor.</summary>
        protected virtual void Dispose(bool disposing)
        {
            // Atomic, as the collector's thread and a careless second disposer may meet here.
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0)
                return;

            // A finalizer runs when the scope is garbage too: there is nothing to take the tensor out of.
            if (disposing)
                Scope?.Remove(this);
            Interlocked.Decrement(ref s_totalCount);
            ts_dispose(handle);
        }

        /// <summary>Wraps the result of a native function.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">It is null: the function failed.</exception>
        internal static Tensor Own(IntPtr handle) => handle != 0 ? new Tensor(handle) : throw LastError();

        /// <summary>Takes the handle out, leaving this tensor invalid.</summary>
        internal IntPtr MoveHandle()
        {
            var handle = Handle;
            _handle = 0;
            Interlocked.Decrement(ref s_totalCount);
            return handle;
        }

        private static InvalidOperationException Disposed()
            => new("this tensor was disposed: by hand, by its dispose scope, or because a Parameter took over its handle");

        // The collector must not free an operand while the native function reads it; hence these wrap results, and mention the
        // operands after the call.
        private Tensor Result(IntPtr handle)
        {
            GC.KeepAlive(this);
            return Own(handle);
        }

        private Tensor Result(IntPtr handle, Tensor? other)
        {
            GC.KeepAlive(other);
            return Result(handle);
        }

        private Tensor Result(IntPtr handle, Tensor? one, Tensor? two)
        {
            GC.KeepAlive(one);
            return Result(handle, two);
        }

        private (Tensor First, Tensor Second) Results(IntPtr first, IntPtr second)
        {
            GC.KeepAlive(this);
            return first != 0 ? (new Tensor(first), new Tensor(second)) : throw LastError();
        }

        private unsafe Tensor[] Results(int status, IntPtr* array, int count)
        {
            GC.KeepAlive(this);
            return OwnAll(status, array, count);
        }

        private Tensor InPlace(int status)
        {
            Check(status);
            return this;
        }

        private Tensor InPlace(int status, Tensor? other)
        {
            GC.KeepAlive(other);
            return InPlace(status);
        }

        private Tensor InPlace(int status, Tensor? one, Tensor? two)
        {
            GC.KeepAlive(one);
            return InPlace(status, two);
        }

        /// <summary>Wraps a list that native code allocated, and frees the list.</summary>
        internal static unsafe Tensor[] OwnAll(int status, IntPtr* array, int count)
        {
            Check(status);
            var result = new Tensor[count];
            for (var i = 0; i < count; i++)
                result[i] = array[i] == 0 ? null! : new Tensor(array[i]);
            ts_free((IntPtr)array);
            return result;
        }
    }
}
