using System.Collections.Concurrent;

namespace Bgpo.Model;

/// <summary>What a process makes once for each key, however many ask at the same time.</summary>
internal static class LazyCache
{
    /// <summary>
    /// The value of a key, made when first asked for. What could not be made is tried again by the next who asks.
    /// </summary>
    /// <param name="cache">The values.</param>
    /// <param name="key">The key.</param>
    /// <param name="make">Makes the value.</param>
    public static TValue GetOrMake<TKey, TValue>(this ConcurrentDictionary<TKey, Lazy<TValue>> cache, TKey key, Func<TValue> make)
        where TKey : notnull
    {
        Lazy<TValue> value = cache.GetOrAdd(key, _ => new Lazy<TValue>(make));
        try
        {
            return value.Value;
        }
        catch
        {
            cache.TryRemove(KeyValuePair.Create(key, value));
            throw;
        }
    }
}
