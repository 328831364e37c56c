namespace Orleans
{
    /// <summary>Something that starts and stops in stages.</summary>
    public interface ILifecycleObservable
    {
        /// <summary>Calls <paramref name="observer"/> when <paramref name="stage"/> starts or stops, until disposed.</summary>
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>Takes part in a stage.</summary>
    public interface ILifecycleObserver
    {
        /// <summary>The stage starts.</summary>
        Task OnStart(CancellationToken cancellationToken = default);

        /// <summary>The stage stops.</summary>
        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>Subscribes to a lifecycle when it is made.</summary>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        /// <summary>Subscribes to <paramref name="lifecycle"/>.</summary>
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>The stages of a silo; they start from the lowest and stop from the highest.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>Before all others.</summary>
        public const int First = int.MinValue;

        /// <summary>The runtime initializes.</summary>
        public const int RuntimeInitialize = 2000;

        /// <summary>The runtime's services.</summary>
        public const int RuntimeServices = 4000;

        /// <summary>The runtime's storage.</summary>
        public const int RuntimeStorageServices = 6000;

        /// <summary>The runtime's grain services.</summary>
        public const int RuntimeGrainServices = 8000;

        /// <summary>After the runtime's grain services.</summary>
        public const int AfterRuntimeGrainServices = 8100;

        /// <summary>The application's services.</summary>
        public const int ApplicationServices = 10000;

        /// <summary>The silo joins: grains can be called from the next stage on.</summary>
        public const int BecomeActive = Active - 1;

        /// <summary>The silo is active.</summary>
        public const int Active = 20000;

        /// <summary>After all others.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>Shorter ways to subscribe.</summary>
    public static class LifecycleExtensions
    {
        /// <summary>Calls the functions when <paramref name="stage"/> starts and stops.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage,
            Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop)
        {
            ArgumentNullException.ThrowIfNull(observable);
            return observable.Subscribe(observerName, stage, new Functions(onStart, onStop));
        }

        /// <summary>Calls <paramref name="onStart"/> when <paramref name="stage"/> starts.</summary>
        public static IDisposable Subscribe(
            this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(observerName, stage, onStart, null);

        /// <summary>Calls the functions when <paramref name="stage"/> starts and stops.</summary>
        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage,
            Func<CancellationToken, Task> onStart, Func<CancellationToken, Task> onStop) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, onStart, onStop);

        /// <summary>Calls <paramref name="onStart"/> when <paramref name="stage"/> starts.</summary>
        public static IDisposable Subscribe<TObserver>(
            this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, onStart, null);

        private sealed class Functions(Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) : ILifecycleObserver
        {
            public Task OnStart(CancellationToken cancellationToken) => onStart(cancellationToken);

            public Task OnStop(CancellationToken cancellationToken) => onStop?.Invoke(cancellationToken) ?? Task.CompletedTask;
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>The stages of this silo.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The highest stage that has started.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The lowest stage that has stopped.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>Work to do when the silo starts.</summary>
    public interface IStartupTask
    {
        /// <summary>Does the work; a failure stops the silo.</summary>
        Task Execute(CancellationToken cancellationToken);
    }
}
