namespace Bgpo.Client.Proof;

/// <summary>What happens to a run whose weights must come out the same.</summary>
/// <param name="Name">Its name, as <c>--scenario</c> takes it.</param>
/// <param name="Silos">Silo processes.</param>
/// <param name="Title">What happens, for people.</param>
/// <param name="Options">What victims are sent; null: nobody is a victim.</param>
/// <param name="Acts">Victims, spread evenly over the first two thirds of the run's steps, which leaves time for one that comes
/// late; 0: one every <paramref name="Every"/> until the run has ended.</param>
/// <param name="Every">Pause between victims where <paramref name="Acts"/> is 0.</param>
internal sealed record ElasticScenario(
    string Name, int Silos, string Title, ChaosOptions? Options = null, int Acts = 0, TimeSpan Every = default)
{
    /// <summary>The scenario that the others are compared with.</summary>
    internal const string Reference = "one";

    /// <summary>All names, in order.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        [Reference, "three", "chaos", "controller", "hung", "drain", "crash", "ettr", "soak"];

    /// <summary>The scenarios that compare weights.</summary>
    /// <param name="quick">Whether the run is the small one, which needs quicker faults.</param>
    internal static IReadOnlyList<ElasticScenario> All(bool quick)
    {
        var every = TimeSpan.FromSeconds(5);
        var hang = quick ? TimeSpan.FromSeconds(4) : TimeSpan.FromSeconds(20);
        return
        [
            new(Reference, 1, "one silo, let alone"),
            new("three", 3, "three silos, let alone"),
            // By the run's progress where it is short: on a busy machine a clock would kill silos faster than they start.
            quick
                ? new("chaos", 3, "kill -9, another started", With(FaultKind.Kill), 6)
                : new("chaos", 3, $"kill -9 every {CommandLine.Durations.Text(every)}", With(FaultKind.Kill), 0, every),
            new("controller", 3, "kill -9 of the controller's silo", With(FaultKind.Kill, Victims.Controller), 5),
            new("hung", 3, $"SIGSTOP for {CommandLine.Durations.Text(hang)}, then SIGCONT",
                new ChaosOptions(FaultKind.Stop, Victims.Any, false, hang), 1),
            new("drain", 3, "SIGTERM", With(FaultKind.Term), quick ? 1 : 3),
            new("crash", 3, "SIGABRT", With(FaultKind.Abort), quick ? 1 : 3),
        ];

        static ChaosOptions With(FaultKind kind, Victims victims = Victims.Any) =>
            new(kind, victims, Restart: true, TimeSpan.Zero);
    }
}
