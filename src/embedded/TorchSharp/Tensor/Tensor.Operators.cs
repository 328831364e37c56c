using TorchSharp.Interop;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <content>Operators. The numeric overloads spare the allocation of a Scalar.</content>
    public partial class Tensor
    {
#pragma warning disable CA2225 // No named alternatives other than the functions, as in TorchSharp.
        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, int right) => left.Result(ts_add_scalar(left.Handle, ScalarValue.From((long)right), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, long right) => left.Result(ts_add_scalar(left.Handle, ScalarValue.From(right), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, float right) => left.Result(ts_add_scalar(left.Handle, ScalarValue.From((double)right), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Tensor left, double right) => left.Result(ts_add_scalar(left.Handle, ScalarValue.From(right), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(Scalar left, Tensor right) => right.Result(ts_add_scalar(right.Handle, left.Value, ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(int left, Tensor right) => right.Result(ts_add_scalar(right.Handle, ScalarValue.From((long)left), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(long left, Tensor right) => right.Result(ts_add_scalar(right.Handle, ScalarValue.From(left), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(float left, Tensor right) => right.Result(ts_add_scalar(right.Handle, ScalarValue.From((double)left), ScalarValue.One));

        /// <summary>The sum, broadcasting.</summary>
        public static Tensor operator +(double left, Tensor right) => right.Result(ts_add_scalar(right.Handle, ScalarValue.From(left), ScalarValue.One));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, int right) => left.Result(ts_mul_scalar(left.Handle, ScalarValue.From((long)right)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, long right) => left.Result(ts_mul_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, float right) => left.Result(ts_mul_scalar(left.Handle, ScalarValue.From((double)right)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Tensor left, double right) => left.Result(ts_mul_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(Scalar left, Tensor right) => right.Result(ts_mul_scalar(right.Handle, left.Value));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(int left, Tensor right) => right.Result(ts_mul_scalar(right.Handle, ScalarValue.From((long)left)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(long left, Tensor right) => right.Result(ts_mul_scalar(right.Handle, ScalarValue.From(left)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(float left, Tensor right) => right.Result(ts_mul_scalar(right.Handle, ScalarValue.From((double)left)));

        /// <summary>The product, element by element, broadcasting.</summary>
        public static Tensor operator *(double left, Tensor right) => right.Result(ts_mul_scalar(right.Handle, ScalarValue.From(left)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, int right) => left.Result(ts_sub_scalar(left.Handle, ScalarValue.From((long)right)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, long right) => left.Result(ts_sub_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, float right) => left.Result(ts_sub_scalar(left.Handle, ScalarValue.From((double)right)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Tensor left, double right) => left.Result(ts_sub_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(Scalar left, Tensor right) => right.Result(ts_rsub_scalar(right.Handle, left.Value));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(int left, Tensor right) => right.Result(ts_rsub_scalar(right.Handle, ScalarValue.From((long)left)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(long left, Tensor right) => right.Result(ts_rsub_scalar(right.Handle, ScalarValue.From(left)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(float left, Tensor right) => right.Result(ts_rsub_scalar(right.Handle, ScalarValue.From((double)left)));

        /// <summary>The difference, broadcasting.</summary>
        public static Tensor operator -(double left, Tensor right) => right.Result(ts_rsub_scalar(right.Handle, ScalarValue.From(left)));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, int right) => left.Result(ts_div_scalar(left.Handle, ScalarValue.From((long)right), 0));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, long right) => left.Result(ts_div_scalar(left.Handle, ScalarValue.From(right), 0));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, float right) => left.Result(ts_div_scalar(left.Handle, ScalarValue.From((double)right), 0));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Tensor left, double right) => left.Result(ts_div_scalar(left.Handle, ScalarValue.From(right), 0));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(Scalar left, Tensor right) => right.DivideInto(left.Value);

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(int left, Tensor right) => right.DivideInto(ScalarValue.From((long)left));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(long left, Tensor right) => right.DivideInto(ScalarValue.From(left));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(float left, Tensor right) => right.DivideInto(ScalarValue.From((double)left));

        /// <summary>The quotient, broadcasting.</summary>
        public static Tensor operator /(double left, Tensor right) => right.DivideInto(ScalarValue.From(left));

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, Tensor right) => left.Result(ts_remainder(left.Handle, right.Handle), right);

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, Scalar right) => left.Result(ts_remainder_scalar(left.Handle, right.Value));

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, int right) => left.Result(ts_remainder_scalar(left.Handle, ScalarValue.From((long)right)));

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, long right) => left.Result(ts_remainder_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, float right) => left.Result(ts_remainder_scalar(left.Handle, ScalarValue.From((double)right)));

        /// <summary>The remainder, with the sign of the divisor.</summary>
        public static Tensor operator %(Tensor left, double right) => left.Result(ts_remainder_scalar(left.Handle, ScalarValue.From(right)));

        /// <summary>The bits set in both; for Bool, and.</summary>
        public static Tensor operator &(Tensor left, Tensor right) => left.bitwise_and(right);

        /// <summary>The bits set in either; for Bool, or.</summary>
        public static Tensor operator |(Tensor left, Tensor right) => left.bitwise_or(right);

        /// <summary>The bits set in just one; for Bool, exclusive or.</summary>
        public static Tensor operator ^(Tensor left, Tensor right) => left.bitwise_xor(right);

        /// <summary>Every element with its sign changed.</summary>
        public static Tensor operator -(Tensor tensor) => tensor.neg();

        /// <summary>Every bit turned over; for Bool, not.</summary>
        public static Tensor operator ~(Tensor left) => left.bitwise_not();

        /// <summary>Where the elements equal.</summary>
        public static Tensor operator ==(Tensor left, Tensor right) => left.eq(right);

        /// <summary>Where the elements equal.</summary>
        public static Tensor operator ==(Tensor left, Scalar right) => left.eq(right);

        /// <summary>Where the elements equal.</summary>
        public static Tensor operator ==(Scalar left, Tensor right) => right.eq(left);

        /// <summary>Where the elements differ.</summary>
        public static Tensor operator !=(Tensor left, Tensor right) => left.ne(right);

        /// <summary>Where the elements differ.</summary>
        public static Tensor operator !=(Tensor left, Scalar right) => left.ne(right);

        /// <summary>Where the elements differ.</summary>
        public static Tensor operator !=(Scalar left, Tensor right) => right.ne(left);

        /// <summary>Where left is less.</summary>
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        /// <summary>Where left is less.</summary>
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);

        /// <summary>Where left is less.</summary>
        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);

        /// <summary>Where left is at most right.</summary>
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        /// <summary>Where left is at most right.</summary>
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);

        /// <summary>Where left is at most right.</summary>
        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);

        /// <summary>Where left is greater.</summary>
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        /// <summary>Where left is greater.</summary>
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);

        /// <summary>Where left is greater.</summary>
        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);

        /// <summary>Where left is at least right.</summary>
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        /// <summary>Where left is at least right.</summary>
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);

        /// <summary>Where left is at least right.</summary>
        public static Tensor operator >=(Scalar left, Tensor right) => right.le(left);

        // Two steps, as in TorchSharp, so that both round alike.
        private Tensor DivideInto(ScalarValue numerator)
        {
            using var reciprocal = this.reciprocal();
            return Result(ts_mul_scalar(reciprocal.Handle, numerator));
        }
#pragma warning restore CA2225
    }
}
