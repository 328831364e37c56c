using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Comparisons, logic and bits.</content>
    public partial class Tensor
    {
        /// <summary>Where an element equals the other's.</summary>
        public Tensor eq(Tensor target) => Result(ts_eq(Handle, target.Handle), target);

        /// <summary>Where an element equals a number.</summary>
        public Tensor eq(Scalar target) => Result(ts_eq_scalar(Handle, target.Value));

        /// <summary>Where an element differs from the other's.</summary>
        public Tensor ne(Tensor target) => Result(ts_ne(Handle, target.Handle), target);

        /// <summary>Where an element differs from a number.</summary>
        public Tensor ne(Scalar target) => Result(ts_ne_scalar(Handle, target.Value));

        /// <summary>Where an element is less than the other's.</summary>
        public Tensor lt(Tensor target) => Result(ts_lt(Handle, target.Handle), target);

        /// <summary>Where an element is less than a number.</summary>
        public Tensor lt(Scalar target) => Result(ts_lt_scalar(Handle, target.Value));

        /// <summary>Where an element is at most the other's.</summary>
        public Tensor le(Tensor target) => Result(ts_le(Handle, target.Handle), target);

        /// <summary>Where an element is at most a number.</summary>
        public Tensor le(Scalar target) => Result(ts_le_scalar(Handle, target.Value));

        /// <summary>Where an element is greater than the other's.</summary>
        public Tensor gt(Tensor target) => Result(ts_gt(Handle, target.Handle), target);

        /// <summary>Where an element is greater than a number.</summary>
        public Tensor gt(Scalar target) => Result(ts_gt_scalar(Handle, target.Value));

        /// <summary>Where an element is at least the other's.</summary>
        public Tensor ge(Tensor target) => Result(ts_ge(Handle, target.Handle), target);

        /// <summary>Where an element is at least a number.</summary>
        public Tensor ge(Scalar target) => Result(ts_ge_scalar(Handle, target.Value));

        /// <summary>Where an element is neither infinite nor NaN.</summary>
        public Tensor isfinite() => Result(ts_isfinite(Handle));

        /// <summary>Where an element is NaN.</summary>
        public Tensor isnan() => Result(ts_isnan(Handle));

        /// <summary>Where an element is infinite.</summary>
        public Tensor isinf() => Result(ts_isinf(Handle));

        /// <summary>Where an element is 0.</summary>
        public Tensor logical_not() => Result(ts_logical_not(Handle));

        /// <summary>Every bit turned over; for Bool, not.</summary>
        public Tensor bitwise_not() => Result(ts_bitwise_not(Handle));

        /// <summary>Where both elements are not 0.</summary>
        public Tensor logical_and(Tensor other) => Result(ts_logical_and(Handle, other.Handle), other);

        /// <summary>Where either element is not 0.</summary>
        public Tensor logical_or(Tensor other) => Result(ts_logical_or(Handle, other.Handle), other);

        /// <summary>Where just one of the elements is not 0.</summary>
        public Tensor logical_xor(Tensor other) => Result(ts_logical_xor(Handle, other.Handle), other);

        /// <summary>The bits set in both.</summary>
        public Tensor bitwise_and(Tensor other) => Result(ts_bitwise_and(Handle, other.Handle), other);

        /// <summary>The bits set in either.</summary>
        public Tensor bitwise_or(Tensor other) => Result(ts_bitwise_or(Handle, other.Handle), other);

        /// <summary>The bits set in just one.</summary>
        public Tensor bitwise_xor(Tensor other) => Result(ts_bitwise_xor(Handle, other.Handle), other);

        /// <summary>The bits moved left.</summary>
        public Tensor bitwise_left_shift(Tensor other) => Result(ts_bitwise_left_shift(Handle, other.Handle), other);

        /// <summary>The bits moved right, keeping the sign.</summary>
        public Tensor bitwise_right_shift(Tensor other) => Result(ts_bitwise_right_shift(Handle, other.Handle), other);

        /// <summary>Whether all elements are within atol + rtol * |target| of the other's.</summary>
        public unsafe bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false)
        {
            int result;
            Check(ts_allclose(Handle, target.Handle, rtol, atol, equal_nan ? 1 : 0, &result));
            GC.KeepAlive(this);
            GC.KeepAlive(target);
            return result != 0;
        }
    }
}
