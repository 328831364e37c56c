using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>How a loss over many elements becomes one number.</summary>
        public enum Reduction : long
        {
            /// <summary>Not at all.</summary>
            None = 0,

            /// <summary>By the mean.</summary>
            Mean = 1,

            /// <summary>By the sum.</summary>
            Sum = 2,
        }

        /// <summary>Functions of neural networks.</summary>
        public static partial class functional
        {
            /// <summary>input · weightsᵀ + bias, over the last dimension.</summary>
            /// <param name="input">(..., n)</param>
            /// <param name="weights">(m, n)</param>
            /// <param name="bias">(m), or null</param>
            /// <returns>(..., m)</returns>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null)
            {
                var result = ts_linear(input.Handle, weights.Handle, Optional(bias));
                GC.KeepAlive(input);
                GC.KeepAlive(weights);
                GC.KeepAlive(bias);
                return Tensor.Own(result);
            }

            /// <summary>x * sigmoid(x) of every element.</summary>
            public static Tensor silu(Tensor x, bool inplace = false)
            {
                if (!inplace)
                    return x.silu();
                Check(ts_silu_(x.Handle));
                var result = ts_alias(x.Handle);
                GC.KeepAlive(x);
                return Tensor.Own(result);
            }

            /// <summary>The Gaussian error linear unit of every element.</summary>
            public static Tensor gelu(Tensor x) => x.gelu();

            /// <summary>exp(x) / sum(exp(x)) along a dimension.</summary>
            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            /// <summary>The logarithm of the softmax along a dimension.</summary>
            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            /// <summary>The negative logarithm of the softmax probability of the target classes.</summary>
            /// <param name="input">Logits (n, classes, ...).</param>
            /// <param name="target">Class numbers (n, ...), or probabilities in the shape of input.</param>
            /// <param name="weight">A weight for every class, or null.</param>
            /// <param name="ignore_index">A class number that does not count.</param>
            /// <param name="reduction">How the losses become one.</param>
            /// <param name="label_smoothing">How much of the target is spread evenly over all classes, in [0, 1].</param>
            public static Tensor cross_entropy(
                Tensor input,
                Tensor target,
                Tensor? weight = null,
                long ignore_index = -100,
                Reduction reduction = Reduction.Mean,
                double label_smoothing = 0.0)
            {
                var result = ts_cross_entropy(
                    input.Handle, target.Handle, Optional(weight), (long)reduction, ignore_index, label_smoothing);
                GC.KeepAlive(input);
                GC.KeepAlive(target);
                GC.KeepAlive(weight);
                return Tensor.Own(result);
            }

            /// <summary>The last dimensions brought to mean 0 and variance 1, then scaled and moved.</summary>
            /// <param name="input">(..., normalized_shape)</param>
            /// <param name="normalized_shape">The sizes of the last dimensions.</param>
            /// <param name="weight">Factors in that shape, or null.</param>
            /// <param name="bias">Summands in that shape, or null.</param>
            /// <param name="eps">Added to the variance.</param>
            public static unsafe Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
            {
                fixed (long* p = normalized_shape)
                {
                    var result = ts_layer_norm(
                        input.Handle, p, normalized_shape.Length, Optional(weight), Optional(bias), eps);
                    GC.KeepAlive(input);
                    GC.KeepAlive(weight);
                    GC.KeepAlive(bias);
                    return Tensor.Own(result);
                }
            }

            /// <summary>softmax(query · keyᵀ / sqrt(n) + mask) · value.</summary>
            /// <param name="query">(..., L, n)</param>
            /// <param name="key">(..., S, n)</param>
            /// <param name="value">(..., S, m)</param>
            /// <param name="attn_mask">(L, S) or more: true where to attend, or numbers to add; or null.</param>
            /// <param name="p">The probability of dropping an attention weight.</param>
            /// <param name="is_casual">Whether a place attends only to itself and earlier ones.</param>
            /// <returns>(..., L, m)</returns>
            /// <exception cref="ArgumentException">The probability is negative, or there are both a mask and is_casual.</exception>
            public static Tensor scaled_dot_product_attention(
                Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false)
            {
                if (p < 0)
                    throw new ArgumentException($"the dropout probability p is {p}; it must be at least 0", nameof(p));
                if (is_casual && attn_mask is not null)
                    throw new ArgumentException("attn_mask and is_casual exclude each other; give one of them", nameof(attn_mask));
                var result = ts_attention(
                    query.Handle, key.Handle, value.Handle, Optional(attn_mask), p, is_casual ? 1 : 0);
                GC.KeepAlive(query);
                GC.KeepAlive(key);
                GC.KeepAlive(value);
                GC.KeepAlive(attn_mask);
                return Tensor.Own(result);
            }

            private static IntPtr Optional(Tensor? tensor) => tensor is null ? 0 : tensor.Handle;
        }
    }
}
