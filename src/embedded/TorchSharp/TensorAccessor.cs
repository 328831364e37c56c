using System.Collections;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor, read and written in place, in the order of their indices whatever its strides.</summary>
/// <typeparam name="T">The type of the elements.</typeparam>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly unsafe T* _memory;
    private readonly long[] _shape;
    private readonly long[] _strides;
    private readonly bool _contiguous;

    // Keeps the memory alive.
    private torch.Tensor? _tensor;

    internal unsafe TensorAccessor(torch.Tensor tensor)
    {
        _tensor = tensor;
        _memory = (T*)tensor.HostMemory();
        _shape = tensor.shape;
        _strides = tensor.stride();
        _contiguous = tensor.is_contiguous();
        Count = tensor.numel();
    }

    /// <summary>The number of elements.</summary>
    public long Count { get; }

    /// <summary>The element at the given indices, or, for one index, the element of that number in order.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public unsafe T this[params long[] indices]
    {
        get => _memory[Offset(indices)];
        set => _memory[Offset(indices)] = value;
    }

    /// <summary>A copy of the elements.</summary>
    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result);
        return result;
    }

    /// <summary>Copies elements out, as many as there are and fit.</summary>
    /// <param name="array">Takes the elements.</param>
    /// <param name="arrayIndex">Where to begin in the array.</param>
    /// <param name="tensorIndex">Where to begin in the tensor.</param>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    /// <summary>Copies elements out, as many as there are and fit.</summary>
    /// <param name="array">Takes the elements.</param>
    /// <param name="arrayIndex">Where to begin in the span.</param>
    /// <param name="tensorIndex">Where to begin in the tensor.</param>
    public unsafe void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var count = (int)Math.Min(target.Length, Count - tensorIndex);
        if (_contiguous)
        {
            new Span<T>(_memory + tensorIndex, count).CopyTo(target);
        }
        else
        {
            for (var i = 0; i < count; i++)
                target[i] = _memory[Offset(tensorIndex + i)];
        }

        GC.KeepAlive(_tensor);
    }

    /// <summary>Copies elements in, as many as there are and fit.</summary>
    /// <param name="array">Gives the elements.</param>
    /// <param name="arrayIndex">Where to begin in the array.</param>
    /// <param name="tensorIndex">Where to begin in the tensor.</param>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0)
        => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    /// <summary>Copies elements in, as many as there are and fit.</summary>
    /// <param name="array">Gives the elements.</param>
    /// <param name="arrayIndex">Where to begin in the span.</param>
    /// <param name="tensorIndex">Where to begin in the tensor.</param>
    public unsafe void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var count = (int)Math.Min(source.Length, Count - tensorIndex);
        if (_contiguous)
        {
            source[..count].CopyTo(new Span<T>(_memory + tensorIndex, count));
        }
        else
        {
            for (var i = 0; i < count; i++)
                _memory[Offset(tensorIndex + i)] = source[i];
        }

        GC.KeepAlive(_tensor);
    }

    /// <summary>The elements in order.</summary>
    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++)
            yield return this[i];
    }

    /// <summary>Lets go of the tensor, without disposing it.</summary>
    public void Dispose() => _tensor = null;

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private long Offset(long[] indices)
    {
        ObjectDisposedException.ThrowIf(_tensor is null, this);
        if (indices.Length == 1)
            return Offset(indices[0]);
        if (indices.Length != _shape.Length)
            throw new ArgumentException($"{indices.Length} indices were given for {_shape.Length} dimensions");
        long offset = 0;
        for (var i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= _shape[i])
                throw OutOfRange(indices[i], _shape[i]);
            offset += indices[i] * _strides[i];
        }

        return offset;
    }

    private long Offset(long number)
    {
        ObjectDisposedException.ThrowIf(_tensor is null, this);
        if (number < 0 || number >= Count)
            throw OutOfRange(number, Count);
        if (_contiguous)
            return number;
        long offset = 0;
        for (var i = _shape.Length - 1; i >= 0; i--)
        {
            offset += number % _shape[i] * _strides[i];
            number /= _shape[i];
        }

        return offset;
    }

#pragma warning disable CA2201 // The exception that TorchSharp throws.
    private static IndexOutOfRangeException OutOfRange(long index, long size)
        => new($"index {index} is outside 0..{size - 1}");
#pragma warning restore CA2201
}
