namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>A tensor that is trained. It takes over the handle of the tensor that it is made from.</summary>
        public class Parameter : torch.Tensor
        {
            /// <summary>Takes over a tensor, which becomes invalid, and its place in a dispose scope.</summary>
            /// <param name="data">The initial values.</param>
            /// <param name="requires_grad">Whether gradients are wanted.</param>
            public Parameter(torch.Tensor data, bool requires_grad = true)
                : base(data.with_requires_grad(requires_grad).MoveHandle(), register: false)
            {
                if (data.Scope is not { } scope)
                    return;
                scope.Remove(data);
                scope.Add(this);
            }
        }
    }

    public static partial class torch
    {
        /// <summary>Neural networks.</summary>
        public static partial class nn
        {
            /// <summary>Makes a tensor a trained one, taking over its handle.</summary>
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
