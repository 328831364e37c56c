using TorchSharp.Interop;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Stops recording on this thread until disposed.</summary>
    public static IDisposable no_grad() => new GradMode(false);

    /// <summary>Records (or not) on this thread until disposed.</summary>
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    /// <summary>Records or not on this thread until disposed.</summary>
    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>Whether this thread records.</summary>
    public static bool is_grad_enabled() => ts_grad_enabled() != 0;

    /// <summary>
    /// Stops recording on this thread until disposed, and spares its bookkeeping too: tensors made inside can never be used in a
    /// recorded computation. Dispose it on the thread that made it.
    /// </summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    /// <summary>Whether this thread is in inference mode.</summary>
    public static bool is_inference_mode_enabled() => ts_inference_enabled() != 0;

    /// <summary>Gradients of recorded computations.</summary>
    public static partial class autograd
    {
        /// <summary>The gradients of the sum of outputs with respect to inputs.</summary>
        /// <param name="outputs">What to differentiate.</param>
        /// <param name="inputs">With respect to what.</param>
        /// <param name="grad_outputs">The gradients of the outputs; null means 1, for outputs with one element.</param>
        /// <param name="retain_graph">Whether to keep the record for another pass.</param>
        /// <param name="create_graph">Whether to record the gradient's own computation.</param>
        /// <param name="allow_unused">Whether an input may be unconnected; its gradient is null then.</param>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">libtorch refused, and says why.</exception>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs,
            IList<Tensor> inputs,
            IList<Tensor>? grad_outputs = null,
            bool retain_graph = false,
            bool create_graph = false,
            bool allow_unused = false)
        {
            var outs = Handles(outputs);
            var ins = Handles(inputs);
            var grads = Handles(grad_outputs);
            IntPtr* array = null;
            var count = 0;
            int status;
            fixed (IntPtr* o = outs, i = ins, g = grads)
            {
                status = ts_autograd_grad(
                    o, outs.Length, i, ins.Length, g, grads.Length, Flag(retain_graph), Flag(create_graph), Flag(allow_unused), &array, &count);
            }

            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return Tensor.OwnAll(status, array, count);
        }

        /// <summary>Adds the gradients of the sum of tensors to the leaves that they were computed from.</summary>
        /// <param name="tensors">What to differentiate.</param>
        /// <param name="grad_tensors">Their gradients; null means 1, for tensors with one element.</param>
        /// <param name="retain_graph">Whether to keep the record; null means as create_graph.</param>
        /// <param name="create_graph">Whether to record the gradient's own computation.</param>
        /// <param name="inputs">The leaves to add to; null means all.</param>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">libtorch refused, and says why.</exception>
        public static unsafe void backward(
            IList<Tensor> tensors,
            IList<Tensor>? grad_tensors = null,
            bool? retain_graph = null,
            bool create_graph = false,
            IList<Tensor>? inputs = null)
        {
            var outs = Handles(tensors);
            var grads = Handles(grad_tensors);
            var ins = Handles(inputs);
            fixed (IntPtr* o = outs, g = grads, i = ins)
            {
                Check(ts_backward_many(
                    o, outs.Length, g, grads.Length, Flag(retain_graph ?? create_graph), Flag(create_graph), i, ins.Length));
            }

            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        private static int Flag(bool value) => value ? 1 : 0;
    }

    internal static IntPtr[] Handles(IList<Tensor>? tensors)
    {
        if (tensors is null)
            return [];
        var result = new IntPtr[tensors.Count];
        for (var i = 0; i < result.Length; i++)
            result[i] = tensors[i] is { } tensor ? tensor.Handle : 0;
        return result;
    }

    private sealed class GradMode : IDisposable
    {
        private readonly int _before = ts_grad_enabled();

        internal GradMode(bool enabled) => ts_set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => ts_set_grad_enabled(_before);
    }

    // No finalizer: the guard belongs to its thread, and must not be undone on another.
    private sealed class InferenceMode : IDisposable
    {
        private IntPtr _guard;

        internal InferenceMode(bool enabled)
        {
            _guard = ts_inference_enter(enabled ? 1 : 0);
            if (_guard == 0)
                throw NativeMethods.LastError();
        }

        public void Dispose()
        {
            if (_guard != 0)
                ts_inference_leave(_guard);
            _guard = 0;
        }
    }
}
