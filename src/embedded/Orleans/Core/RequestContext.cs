using Orleans.Core.Internal;

namespace Orleans.Runtime
{
    /// <summary>Values that flow with the current request into the calls it makes. A change is seen by later calls only.</summary>
    public static class RequestContext
    {
        internal const string ReentrancyHeader = "#CCR";

        private static readonly AsyncLocal<Dictionary<string, object>?> CallContext = new();

        /// <summary>The id of the call chain that may re-enter grains, or empty.</summary>
        public static Guid ReentrancyId
        {
            get => Get(ReentrancyHeader) is Guid id ? id : Guid.Empty;
            set
            {
                if (value == Guid.Empty)
                {
                    Remove(ReentrancyHeader);
                }
                else
                {
                    Set(ReentrancyHeader, value);
                }
            }
        }

        /// <summary>The keys in use.</summary>
        public static IEnumerable<string> Keys => CallContext.Value?.Keys ?? Enumerable.Empty<string>();

        /// <summary>The keys in use with their values.</summary>
        public static IEnumerable<KeyValuePair<string, object>> Entries => CallContext.Value ?? [];

        /// <summary>Shared by reference: never changed after it is set, always replaced.</summary>
        internal static Dictionary<string, object>? Current
        {
            get => CallContext.Value;
            set => CallContext.Value = value;
        }

        /// <summary>Until disposed, calls that come back to this grain by the calls made from here run although it is busy.</summary>
        public static ReentrancySection AllowCallChainReentrancy()
        {
            Guid original = ReentrancyId;
            return new(original, original == Guid.Empty ? Guid.NewGuid() : original);
        }

        /// <summary>Until disposed, calls made from here may not re-enter.</summary>
        public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

        /// <summary>The value of <paramref name="key"/>, or null.</summary>
        public static object? Get(string key) => CallContext.Value?.GetValueOrDefault(key);

        /// <summary>Gives <paramref name="key"/> the value <paramref name="value"/>, which must be serializable.</summary>
        public static void Set(string key, object value)
        {
            Dictionary<string, object> changed = CallContext.Value is { } values ? new(values) : new(1);
            changed[key] = value;
            CallContext.Value = changed;
        }

        /// <summary>Takes <paramref name="key"/> away; false if it was not there.</summary>
        public static bool Remove(string key)
        {
            if (CallContext.Value is not { } values || !values.ContainsKey(key))
            {
                return false;
            }

            Dictionary<string, object> changed = new(values);
            changed.Remove(key);
            CallContext.Value = changed.Count == 0 ? null : changed;
            return true;
        }

        /// <summary>Takes all keys away.</summary>
        public static void Clear() => CallContext.Value = null;

        /// <summary>A stretch of code in which re-entrance is allowed or suppressed.</summary>
        public readonly struct ReentrancySection : IDisposable
        {
            private readonly Guid _original;
            private readonly Guid _inside;

            /// <summary>Goes from chain <paramref name="originalReentrancyId"/> to <paramref name="newReentrancyId"/>.</summary>
            public ReentrancySection(Guid originalReentrancyId, Guid newReentrancyId)
            {
                _original = originalReentrancyId;
                _inside = newReentrancyId;
                if (_inside != _original)
                {
                    ReentrancyId = _inside;
                }

                if (_inside != Guid.Empty)
                {
                    (RuntimeContext.Current as ICallChainReentrantGrainContext)?.OnEnterReentrantSection(_inside);
                }
            }

            /// <summary>Goes back.</summary>
            public void Dispose()
            {
                if (_inside != Guid.Empty)
                {
                    (RuntimeContext.Current as ICallChainReentrantGrainContext)?.OnExitReentrantSection(_inside);
                }

                if (_inside != _original)
                {
                    ReentrancyId = _original;
                }
            }
        }
    }
}

namespace Orleans.Core.Internal
{
    /// <summary>An activation that lets a call chain back in.</summary>
    public interface ICallChainReentrantGrainContext
    {
        /// <summary>Calls of chain <paramref name="reentrancyId"/> may interleave from now on.</summary>
        void OnEnterReentrantSection(Guid reentrancyId);

        /// <summary>Takes one <see cref="OnEnterReentrantSection"/> back.</summary>
        void OnExitReentrantSection(Guid reentrancyId);
    }
}
