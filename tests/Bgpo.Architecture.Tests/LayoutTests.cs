using System.Text.RegularExpressions;
using Mono.Cecil;

namespace Bgpo.Architecture.Tests;

/// <summary>The layout of docs/architecture.md: who may name whom, and how large things may get.</summary>
public partial class LayoutTests
{
    /// <summary>What the algorithm is made of: no tensor, no grain, no file.</summary>
    private static readonly string[] s_algorithm =
    [
        "Bgpo", "Bgpo.Spec", "Bgpo.Safetensors", "Bgpo.Objectives", "Bgpo.Optimizer", "Bgpo.Units", "Bgpo.ExactSums",
    ];

    private static readonly string[] s_libraries =
        [.. s_algorithm, "Bgpo.Tasks", "Bgpo.Model", "Bgpo.Storage.Blobs", "Bgpo.Storage.Runs"];

    /// <summary>What the console is a client of, and starts.</summary>
    private static readonly string[] s_engine =
    [
        .. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Silo.Machines", "Bgpo.Silo.Clustering",
        "Bgpo.Silo.Devices", "Bgpo.Silo.Hosting",
    ];

    private static readonly string[] s_console =
    [
        "Bgpo.Client", "Bgpo.Client.CommandLine", "Bgpo.Client.Plotting", "Bgpo.Client.Clusters", "Bgpo.Client.Watching",
        "Bgpo.Client.Models",
        "Bgpo.Client.Hosting", "Bgpo.Client.Runs", "Bgpo.Client.Metrics", "Bgpo.Client.Proof",
    ];

    /// <summary>
    /// Rooms, those that name nobody first: each may name the ones that it lists, which all stand above it. A room is a namespace
    /// with those inside it that have no row of their own. A namespace that is in no room fails the test, and so does a reference
    /// that is not listed.
    /// </summary>
    private static readonly (string Room, string[] Names)[] s_rooms =
    [
        ("Bgpo", []),
        ("Bgpo.Spec", []),
        ("Bgpo.Safetensors", []),
        ("Bgpo.Objectives", ["Bgpo", "Bgpo.Spec"]),
        ("Bgpo.Optimizer", ["Bgpo.Spec"]),
        ("Bgpo.Units", ["Bgpo.Spec"]),
        ("Bgpo.ExactSums", ["Bgpo.Units"]),

        ("Bgpo.Tasks", ["Bgpo", "Bgpo.Spec"]),
        ("Bgpo.Model", ["Bgpo", "Bgpo.Spec", "Bgpo.Safetensors", "Bgpo.Objectives", "Bgpo.Optimizer", "Bgpo.Units"]),
        ("Bgpo.Storage.Blobs", ["Bgpo"]),
        ("Bgpo.Storage.Runs", ["Bgpo", "Bgpo.Safetensors", "Bgpo.Storage.Blobs"]),

        ("Bgpo.Grains", ["Bgpo", "Bgpo.Units"]), // interfaces and messages
        ("Bgpo.Grains.Placement", ["Bgpo.Grains"]),
        ("Bgpo.Grains.Runs", [.. s_libraries, "Bgpo.Grains"]),
        ("Bgpo.Grains.Work", ["Bgpo", "Bgpo.Tasks", "Bgpo.Units", "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs"]),
        ("Bgpo.Grains.Hosting", ["Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Work"]),
        ("Bgpo.Grains.Shards", [.. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Work"]),
        ("Bgpo.Grains.Steps", [.. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Shards"]),
        ("Bgpo.Grains.Control",
        [
            .. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Work", "Bgpo.Grains.Shards",
            "Bgpo.Grains.Steps",
        ]),

        ("Bgpo.Silo.Machines", []),
        ("Bgpo.Silo.Clustering", ["Bgpo.Spec", "Bgpo.Silo.Machines"]),
        ("Bgpo.Silo.Devices", [.. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Runs", "Bgpo.Grains.Work", "Bgpo.Silo.Machines"]),
        ("Bgpo.Silo.Hosting",
        [
            .. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Work", "Bgpo.Grains.Hosting",
            "Bgpo.Silo.Machines", "Bgpo.Silo.Clustering", "Bgpo.Silo.Devices",
        ]),

        // The page about runs, from what their store has.
        ("Bgpo.Dashboard",
        [
            "Bgpo", "Bgpo.Spec", "Bgpo.Objectives", "Bgpo.Units", "Bgpo.Storage.Blobs", "Bgpo.Storage.Runs", "Bgpo.Grains",
        ]),

        // What commands stand on: errors, the terminal, paths; then each room on those above it.
        ("Bgpo.Client", s_engine),
        ("Bgpo.Client.CommandLine", [.. s_engine, "Bgpo.Client"]),
        ("Bgpo.Client.Plotting", []),
        ("Bgpo.Client.Clusters", [.. s_engine, "Bgpo.Client"]),
        ("Bgpo.Client.Watching", [.. s_engine, "Bgpo.Client", "Bgpo.Client.Plotting", "Bgpo.Client.Clusters"]),
        ("Bgpo.Client.Models", [.. s_engine, "Bgpo.Client", "Bgpo.Client.CommandLine", "Bgpo.Client.Watching"]),
        ("Bgpo.Client.Hosting", ["Bgpo.Client", "Bgpo.Client.Clusters", "Bgpo.Client.Models"]),
        ("Bgpo.Client.Runs",
        [
            .. s_engine, "Bgpo.Client", "Bgpo.Client.CommandLine", "Bgpo.Client.Clusters", "Bgpo.Client.Watching",
            "Bgpo.Client.Hosting",
        ]),
        ("Bgpo.Client.Dashboards",
        [
            .. s_engine, "Bgpo.Dashboard", "Bgpo.Client", "Bgpo.Client.Clusters", "Bgpo.Client.Hosting", "Bgpo.Client.Runs",
        ]),
        ("Bgpo.Client.Metrics",
        [
            .. s_engine, "Bgpo.Client", "Bgpo.Client.CommandLine", "Bgpo.Client.Watching", "Bgpo.Client.Hosting",
            "Bgpo.Client.Runs",
        ]),
        ("Bgpo.Client.Proof",
        [
            .. s_engine, "Bgpo.Client", "Bgpo.Client.CommandLine", "Bgpo.Client.Clusters", "Bgpo.Client.Watching",
            "Bgpo.Client.Runs",
        ]),
        ("Bgpo.Client.Commands", [.. s_engine, .. s_console, "Bgpo.Dashboard", "Bgpo.Client.Dashboards"]),
        ("Bgpo.Bench",
        [
            .. s_libraries, "Bgpo.Grains", "Bgpo.Grains.Placement", "Bgpo.Grains.Runs", "Bgpo.Grains.Work", "Bgpo.Grains.Hosting",
            "Bgpo.Grains.Shards", "Bgpo.Grains.Steps", "Bgpo.Silo.Machines", "Bgpo.Silo.Hosting", "Bgpo.Client",
            "Bgpo.Client.CommandLine",
            "Bgpo.Client.Hosting", "Bgpo.Client.Watching", "Bgpo.Client.Commands",
        ]),
    ];

    /// <summary>What is larger than the rest, and why it stays.</summary>
    private static readonly Dictionary<string, string> s_exceptions = new()
    {
        ["TrainCommand"] = "a field an option",
        ["ChaosCommand"] = "a field an option",
        ["TrainingView"] = "a field for each thing that is shown",
        ["TrainingView.On"] = "a case an event",
        ["StepSeries..cctor"] = "a row a number",
        ["TaskSection..ctor"] = "properties with defaults",
        ["RunRecord..ctor"] = "properties with defaults",
        ["Controller..ctor"] = "fields with what makes them",
        ["Dispatcher..ctor"] = "fields with what makes them",
        ["RunPlotCommand.<Make"] = "a command: its options, then what it does",
        ["RunStartCommand.Make"] = "a command: its options, then what it does",
        ["ClusterCommand.Status"] = "a command: its options, then what it does",
        ["RunPlotCommand.Make"] = "a command: its options, then what it does",
        ["RunWatchCommand.Watch"] = "what one watcher sees, from its beginning to its end",
        ["BgpoCommandLine.Root"] = "the list of all commands",
        ["WatchingOverhead.Run"] = "one measurement from its beginning to its end",
    };

    [Fact]
    public void References_GoOneWay()
    {
        Dictionary<string, HashSet<string>> allowed =
            s_rooms.ToDictionary(row => row.Room, row => row.Names.Append(row.Room).ToHashSet());
        string[] wrong =
        [
            .. from type in Assemblies.Types
            let own = RoomOf(type)
            from used in Assemblies.UsedBy(type)
            let other = RoomOf(used)
            where !allowed.TryGetValue(own, out HashSet<string>? names) || !names.Contains(other)
            select $"{own} -> {other}: {type.FullName} names {used.FullName}",
        ];
        Assert.Empty(wrong.Distinct().Order());
    }

    [Fact]
    public void Rooms_StandInLayers_AndNoneIsEmpty()
    {
        HashSet<string> above = [];
        foreach ((string room, string[] names) in s_rooms)
        {
            Assert.All(names, other =>
                Assert.True(above.Contains(other), $"{room} names {other}, which does not stand above it"));
            above.Add(room);
        }
        Assert.Equal(above.Order(), Assemblies.Types.Select(RoomOf).Distinct().Order());
    }

    [Fact]
    public void Classes_AreSmall() => Assert.Empty(
        Assemblies.Types.Where(type => !IsMade(type.Name) && !s_exceptions.ContainsKey(type.Name))
            .Select(type => (type.FullName, Lines: LinesOf(type),
                Fields: type.Fields.Count(field => !field.IsStatic && !IsMade(field.Name))))
            .Where(size => size.Lines > 400 || size.Fields > 10)
            .Select(size => $"{size.FullName}: {size.Lines} lines, {size.Fields} fields"));

    [Fact]
    public void Methods_AreShort() => Assert.Empty(
        from type in Assemblies.Types
        from method in type.Methods
        let lines = LinesOf([method])
        let name = $"{Outermost(type).Name}.{NameOf(type, method)}"
        where lines > 60 && !s_exceptions.ContainsKey(name)
        select $"{name}: {lines} lines");

    /// <summary>
    /// A run's spec changes in mid-run: the loop reads it as of a step, or says that it wants it as it was started.
    /// </summary>
    [Fact]
    public void TheLoop_ReadsItsSpecFromOnePlace() => Assert.Empty(
        from type in Assemblies.Types
        where RoomOf(type) is "Bgpo.Grains.Steps" or "Bgpo.Grains.Control"
        from method in type.Methods
        where method.HasBody
        from instruction in method.Body.Instructions
        where instruction.Operand is MethodReference { Name: "get_Spec", DeclaringType.Name: "RunContext" }
        select $"{type.FullName}.{method.Name} reads RunContext.Spec; take it from RunSettings");

    /// <summary>Lines of at most 130 columns, but for those that one text alone makes longer.</summary>
    [Fact]
    public void Lines_AreNarrow()
    {
        string root = ProjectFolder.Find();
        string[] folders = ["src", "grains", "silo", "dashboard", "client", "bench", "examples", "tests"];
        Assert.Empty(
            from folder in folders
            from file in Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)
            let path = Path.GetRelativePath(root, file)
            where !path.Split('/').Any(part => part is "bin" or "obj")
            from number in WideLines(File.ReadAllLines(file))
            select $"{path}:{number}");
    }

    private static IEnumerable<int> WideLines(string[] lines)
    {
        bool isText = false;
        for (int i = 0; i < lines.Length; i++)
        {
            int quotes = lines[i].Split("\"\"\"").Length - 1;
            if (!isText && quotes == 0 && Texts().Replace(lines[i], "").Length > 130)
            {
                yield return i + 1;
            }
            isText ^= quotes % 2 == 1;
        }
    }

    [GeneratedRegex(@"\$?""(?:\\.|[^""\\])*""")]
    private static partial Regex Texts();

    private static string RoomOf(TypeReference type)
    {
        string own = Assemblies.NamespaceOf(type);
        return s_rooms.Select(row => row.Room)
            .Where(room => own == room || (room != "Bgpo" && own.StartsWith(room + '.', StringComparison.Ordinal)))
            .MaxBy(room => room.Length) ?? own;
    }

    /// <summary>A method's name, of which async ones and iterators are made into a type of their own.</summary>
    private static string NameOf(TypeDefinition type, MethodDefinition method) =>
        method.Name == "MoveNext" && type.Name.StartsWith('<') ? type.Name[1..type.Name.IndexOf('>', StringComparison.Ordinal)]
            : method.Name;

    private static bool IsMade(string name) => name.Contains('<', StringComparison.Ordinal);

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static int LinesOf(TypeDefinition type) =>
        LinesOf([.. type.Methods, .. type.NestedTypes.SelectMany(nested => nested.Methods)]);

    private static int LinesOf(IEnumerable<MethodDefinition> methods)
    {
        int[] lines =
        [
            .. methods.Where(method => method.HasBody).SelectMany(method => method.DebugInformation.SequencePoints)
                .Where(point => !point.IsHidden).SelectMany(point => new[] { point.StartLine, point.EndLine }),
        ];
        return lines.Length == 0 ? 0 : lines.Max() - lines.Min() + 1;
    }
}
