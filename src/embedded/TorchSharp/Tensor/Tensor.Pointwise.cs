using TorchSharp.Interop;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Mathematics element by element.</content>
    public partial class Tensor
    {
        /// <summary>The absolute value of every element.</summary>
        public Tensor abs() => Result(ts_abs(Handle));

        /// <summary>Every element with its sign changed.</summary>
        public Tensor neg() => Result(ts_neg(Handle));

        /// <summary>The square root of every element.</summary>
        public Tensor sqrt() => Result(ts_sqrt(Handle));

        /// <summary>1 / sqrt of every element.</summary>
        public Tensor rsqrt() => Result(ts_rsqrt(Handle));

        /// <summary>e to the power of every element.</summary>
        public Tensor exp() => Result(ts_exp(Handle));

        /// <summary>The natural logarithm of every element.</summary>
        public Tensor log() => Result(ts_log(Handle));

        /// <summary>log(1 + x) of every element, precise near 0.</summary>
        public Tensor log1p() => Result(ts_log1p(Handle));

        /// <summary>The sine of every element.</summary>
        public Tensor sin() => Result(ts_sin(Handle));

        /// <summary>The cosine of every element.</summary>
        public Tensor cos() => Result(ts_cos(Handle));

        /// <summary>1 / (1 + exp(-x)) of every element.</summary>
        public Tensor sigmoid() => Result(ts_sigmoid(Handle));

        /// <summary>The hyperbolic tangent of every element.</summary>
        public Tensor tanh() => Result(ts_tanh(Handle));

        /// <summary>The square of every element.</summary>
        public Tensor square() => Result(ts_square(Handle));

        /// <summary>1 / x of every element.</summary>
        public Tensor reciprocal() => Result(ts_reciprocal(Handle));

        /// <summary>The error function of every element.</summary>
        public Tensor erf() => Result(ts_erf(Handle));

        /// <summary>Every element rounded downwards.</summary>
        public Tensor floor() => Result(ts_floor(Handle));

        /// <summary>Every element rounded upwards.</summary>
        public Tensor ceil() => Result(ts_ceil(Handle));

        /// <summary>-1, 0 or 1 by the sign of every element.</summary>
        public Tensor sign() => Result(ts_sign(Handle));

        /// <summary>x * sigmoid(x) of every element.</summary>
        public Tensor silu() => Result(ts_silu(Handle));

        /// <summary>max(x, 0) of every element.</summary>
        public Tensor relu() => Result(ts_relu(Handle));

        /// <summary>The Gaussian error linear unit of every element.</summary>
        public Tensor gelu() => Result(ts_gelu(Handle));

        /// <summary>Every element rounded to the given number of decimals, halves to even.</summary>
        public Tensor round(long decimals = 0L) => Result(ts_round(Handle, decimals));

        /// <summary>Changes the sign of every element.</summary>
        public Tensor neg_() => InPlace(ts_neg_(Handle));

        /// <summary>Takes the square root of every element.</summary>
        public Tensor sqrt_() => InPlace(ts_sqrt_(Handle));

        /// <summary>Replaces every element x by e^x.</summary>
        public Tensor exp_() => InPlace(ts_exp_(Handle));

        /// <summary>Takes the natural logarithm of every element.</summary>
        public Tensor log_() => InPlace(ts_log_(Handle));

        /// <summary>Sets every element to 0.</summary>
        /// <returns>Another tensor object on the same memory, as in TorchSharp.</returns>
        public Tensor zero_() => InPlace(ts_zero_(Handle)).Result(ts_alias(Handle));

        /// <summary>The sum, broadcasting.</summary>
        public Tensor add(Tensor target) => Result(ts_add(Handle, target.Handle, ScalarValue.One), target);

        /// <summary>This + alpha * target, broadcasting.</summary>
        public Tensor add(Tensor target, Scalar alpha) => Result(ts_add(Handle, target.Handle, alpha.Value), target);

        /// <summary>The sum with a number.</summary>
        public Tensor add(Scalar scalar) => Result(ts_add_scalar(Handle, scalar.Value, ScalarValue.One));

        /// <summary>This + alpha * scalar.</summary>
        public Tensor add(Scalar scalar, Scalar alpha) => Result(ts_add_scalar(Handle, scalar.Value, alpha.Value));

        /// <summary>Adds a tensor, broadcasting it.</summary>
        public Tensor add_(Tensor target) => InPlace(ts_add_(Handle, target.Handle, ScalarValue.One), target);

        /// <summary>Adds alpha * target, broadcasting it.</summary>
        public Tensor add_(Tensor target, Scalar alpha) => InPlace(ts_add_(Handle, target.Handle, alpha.Value), target);

        /// <summary>Adds a number.</summary>
        public Tensor add_(Scalar scalar) => InPlace(ts_add_scalar_(Handle, scalar.Value, ScalarValue.One));

        /// <summary>Adds alpha * scalar.</summary>
        public Tensor add_(Scalar scalar, Scalar alpha) => InPlace(ts_add_scalar_(Handle, scalar.Value, alpha.Value));

        /// <summary>The difference, broadcasting.</summary>
        public Tensor sub(Tensor target) => Result(ts_sub(Handle, target.Handle), target);

        /// <summary>The difference with a number.</summary>
        public Tensor sub(Scalar target) => Result(ts_sub_scalar(Handle, target.Value));

        /// <summary>Subtracts a tensor, broadcasting it.</summary>
        public Tensor sub_(Tensor target) => InPlace(ts_sub_(Handle, target.Handle), target);

        /// <summary>Subtracts a number.</summary>
        public Tensor sub_(Scalar target) => InPlace(ts_sub_scalar_(Handle, target.Value));

        /// <summary>The product, element by element, broadcasting.</summary>
        public Tensor mul(Tensor target) => Result(ts_mul(Handle, target.Handle), target);

        /// <summary>The product with a number.</summary>
        public Tensor mul(Scalar target) => Result(ts_mul_scalar(Handle, target.Value));

        /// <summary>Multiplies by a tensor, broadcasting it.</summary>
        public Tensor mul_(Tensor target) => InPlace(ts_mul_(Handle, target.Handle), target);

        /// <summary>Multiplies by a number.</summary>
        public Tensor mul_(Scalar target) => InPlace(ts_mul_scalar_(Handle, target.Value));

        /// <summary>The quotient, broadcasting.</summary>
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None)
            => Result(ts_div(Handle, target.Handle, (int)rounding_mode), target);

        /// <summary>The quotient by a number.</summary>
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None)
            => Result(ts_div_scalar(Handle, target.Value, (int)rounding_mode));

        /// <summary>Divides by a tensor, broadcasting it.</summary>
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None)
            => InPlace(ts_div_(Handle, target.Handle, (int)rounding_mode), target);

        /// <summary>Divides by a number.</summary>
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None)
            => InPlace(ts_div_scalar_(Handle, target.Value, (int)rounding_mode));

        /// <summary>Every element to a power of its own.</summary>
        public Tensor pow(Tensor exponent) => Result(ts_pow(Handle, exponent.Handle), exponent);

        /// <summary>Every element to a power.</summary>
        public Tensor pow(Scalar exponent) => Result(ts_pow_scalar(Handle, exponent.Value));

        /// <summary>Raises every element to a power of its own.</summary>
        public Tensor pow_(Tensor exponent) => InPlace(ts_pow_(Handle, exponent.Handle), exponent);

        /// <summary>Raises every element to a power.</summary>
        public Tensor pow_(Scalar exponent) => InPlace(ts_pow_scalar_(Handle, exponent.Value));

        /// <summary>The smaller of each two elements.</summary>
        public Tensor minimum(Tensor other) => Result(ts_minimum(Handle, other.Handle), other);

        /// <summary>The larger of each two elements.</summary>
        public Tensor maximum(Tensor other) => Result(ts_maximum(Handle, other.Handle), other);

        /// <summary>This + value * tensor1 * tensor2.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value)
            => Result(ts_addcmul(Handle, tensor1.Handle, tensor2.Handle, value.Value), tensor1, tensor2);

        /// <summary>Adds value * tensor1 * tensor2.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value)
            => InPlace(ts_addcmul_(Handle, tensor1.Handle, tensor2.Handle, value.Value), tensor1, tensor2);

        /// <summary>This + value * tensor1 / tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value)
            => Result(ts_addcdiv(Handle, tensor1.Handle, tensor2.Handle, value.Value), tensor1, tensor2);

        /// <summary>Adds value * tensor1 / tensor2.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value)
            => InPlace(ts_addcdiv_(Handle, tensor1.Handle, tensor2.Handle, value.Value), tensor1, tensor2);

        /// <summary>This + weight * (end - this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) => Result(ts_lerp(Handle, end.Handle, weight.Handle), end, weight);

        /// <summary>Moves towards end: this + weight * (end - this).</summary>
        public Tensor lerp_(Tensor end, Tensor weight) => InPlace(ts_lerp_(Handle, end.Handle, weight.Handle), end, weight);

        /// <summary>Every element held between min and max, where given.</summary>
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Result(ts_clamp(Handle, Optional(min), Optional(max)));

        /// <summary>Every element held between bounds of its own.</summary>
        public Tensor clamp(Tensor? min = null, Tensor? max = null)
            => Result(ts_clamp_tensor(Handle, Optional(min), Optional(max)), min, max);

        /// <summary>Holds every element between min and max, where given.</summary>
        public Tensor clamp_(Scalar? min = null, Scalar? max = null)
            => InPlace(ts_clamp_(Handle, Optional(min), Optional(max)));

        private static ScalarValue Optional(Scalar? value) => value?.Value ?? ScalarValue.Absent;

        private static IntPtr Optional(Tensor? value) => value is null ? 0 : value.Handle;
    }
}
