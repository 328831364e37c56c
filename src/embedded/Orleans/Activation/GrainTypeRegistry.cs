using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>The grain classes of this process: those of all assemblies that know of the engine.</summary>
internal sealed class GrainTypeRegistry(IServiceProvider services)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Assembly> _scanned = [];
    private readonly Dictionary<GrainType, GrainClass> _classes = [];
    private readonly ConcurrentDictionary<(Type Interface, string? Prefix), GrainType> _byInterface = new();

    /// <summary>All grain classes known.</summary>
    public IReadOnlyCollection<GrainClass> Classes
    {
        get
        {
            lock (_lock)
            {
                Scan();
                return [.. _classes.Values];
            }
        }
    }

    /// <summary>The class of <paramref name="type"/>, or null if this process has none.</summary>
    public GrainClass? Find(GrainType type)
    {
        lock (_lock)
        {
            if (!_classes.TryGetValue(type, out GrainClass? found))
            {
                Scan();
                _classes.TryGetValue(type, out found);
            }

            return found;
        }
    }

    /// <summary>The grain type that implements <paramref name="interfaceType"/>.</summary>
    /// <exception cref="ArgumentException">None does, or several do and <paramref name="prefix"/> does not choose one.</exception>
    public GrainType TypeOf(Type interfaceType, string? prefix) =>
        _byInterface.TryGetValue((interfaceType, prefix), out GrainType known) ? known : Resolve(interfaceType, prefix);

    private GrainType Resolve(Type interfaceType, string? prefix)
    {
        GrainClass[] found = [.. Classes.Where(candidate => interfaceType.IsAssignableFrom(candidate.Type)
            && (prefix is null || candidate.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal)))];
        if (found.Length > 1 && Array.Find(found, candidate => interfaceType.Name == "I" + candidate.Type.Name
            && interfaceType.Namespace == candidate.Type.Namespace) is { } conventional)
        {
            found = [conventional];
        }

        return found switch
        {
            [GrainClass only] => _byInterface.GetOrAdd((interfaceType, prefix), only.GrainType),
            [] => throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName}"
                + (prefix is null ? "." : $" whose name starts with \"{prefix}\".")),
            _ => throw new ArgumentException($"Unable to identify a single appropriate grain type for interface {interfaceType.FullName}:"
                + $" candidates are {string.Join(", ", found.Select(candidate => candidate.Type.FullName))}. Name one by grainClassNamePrefix."),
        };
    }

    private void Scan()
    {
        Queue<Assembly> open = new(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic));
        string engine = typeof(Grain).Assembly.GetName().Name!;
        while (open.TryDequeue(out Assembly? assembly))
        {
            if (!_scanned.Add(assembly))
            {
                continue;
            }

            AssemblyName[] references = assembly.GetReferencedAssemblies();
            if (Array.TrueForAll(references, reference => reference.Name != engine) && assembly != typeof(Grain).Assembly)
            {
                continue;
            }

            foreach (Type type in assembly.GetTypes())
            {
                if (type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false }
                    && typeof(IGrainBase).IsAssignableFrom(type) && typeof(IAddressable).IsAssignableFrom(type))
                {
                    Add(new GrainClass(type, services));
                }
            }

            // Grains may sit in an assembly that nobody has touched yet.
            foreach (AssemblyName reference in references.Where(reference => !IsFramework(reference.Name!)))
            {
                open.Enqueue(Assembly.Load(reference));
            }
        }
    }

    private void Add(GrainClass added)
    {
        if (!_classes.TryAdd(added.GrainType, added))
        {
            throw new OrleansConfigurationException($"Grain classes {_classes[added.GrainType].Type} and {added.Type} are both called"
                + $" \"{added.GrainType}\"; give one of them a name of its own by [GrainType].");
        }
    }

    private static bool IsFramework(string name) =>
        name is "mscorlib" or "netstandard" || name.StartsWith("System", StringComparison.Ordinal)
        || name.StartsWith("Microsoft.", StringComparison.Ordinal);
}
