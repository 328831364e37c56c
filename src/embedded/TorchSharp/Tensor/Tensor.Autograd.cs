using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Gradients.</content>
    public partial class Tensor
    {
        /// <summary>Whether what is computed from this tensor is recorded for gradients.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">
        /// Set to true on a tensor of integers, or to false on the result of a recorded computation.
        /// </exception>
        public bool requires_grad
        {
            get
            {
                var result = ts_requires_grad(Handle) != 0;
                GC.KeepAlive(this);
                return result;
            }

            set
            {
                Check(ts_set_requires_grad(Handle, Flag(value)));
                GC.KeepAlive(this);
            }
        }

        /// <summary>Whether the tensor is no result of a recorded computation: backward() leaves gradients in leaves.</summary>
        public bool is_leaf
        {
            get
            {
                var result = ts_is_leaf(Handle) != 0;
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>
        /// The gradient that backward() added up, or null; a new tensor object at each read. One set before backward() is added to
        /// in place, so it may be a view of a larger buffer.
        /// </summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">
        /// Set to a tensor of another shape, type or device.
        /// </exception>
        public unsafe Tensor? grad
        {
            get
            {
                IntPtr handle;
                Check(ts_grad(Handle, &handle));
                GC.KeepAlive(this);
                return handle == 0 ? null : new Tensor(handle);
            }

            set
            {
                Check(ts_set_grad(Handle, Optional(value)));
                GC.KeepAlive(value);
                GC.KeepAlive(this);
            }
        }

        /// <summary>Sets <see cref="requires_grad"/>.</summary>
        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>Sets <see cref="requires_grad"/>.</summary>
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>The same memory, apart from the recorded computation.</summary>
        public Tensor detach() => Result(ts_detach(Handle));

        /// <summary>Takes this tensor out of the recorded computation; it becomes a leaf.</summary>
        public Tensor detach_() => InPlace(ts_detach_(Handle));

        /// <summary>Adds the gradient of this one-element tensor to all leaves that it was computed from; frees the record.</summary>
        /// <exception cref="System.Runtime.InteropServices.ExternalException">
        /// There is more than one element, nothing was recorded, or the record was freed before.
        /// </exception>
        public void backward()
        {
            Check(ts_backward(Handle));
            GC.KeepAlive(this);
        }

        /// <summary>Adds the gradient of this tensor to the leaves that it was computed from.</summary>
        /// <param name="grad_tensors">The gradient of this tensor; null means 1, for a tensor with one element.</param>
        /// <param name="retain_graph">Whether to keep the record for another pass.</param>
        /// <param name="create_graph">Whether to record the gradient's own computation.</param>
        /// <param name="inputs">The leaves to add to; null means all.</param>
        public void backward(
            IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null)
            => autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}
