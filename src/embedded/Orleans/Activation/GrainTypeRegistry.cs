using System.Collections.Immutable;
using System.Reflection;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>The grain classes of this process: those of all assemblies that know of the engine.</summary>
internal sealed class GrainTypeRegistry(IServiceProvider services)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Assembly> _scanned = [];
    private readonly Dictionary<GrainType, GrainClass> _classes = [];

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

    /// <summary>The properties of all classes, as other silos see them.</summary>
    public ImmutableDictionary<GrainType, GrainProperties> PropertiesByType() =>
        Classes.ToImmutableDictionary(known => known.GrainType, known => known.Properties);

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

            foreach (Type type in TypesOf(assembly))
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
                if (TryLoad(reference) is { } loaded)
                {
                    open.Enqueue(loaded);
                }
            }
        }
    }

    // What cannot be loaded cannot be called either; it is missed when it is wanted, with its name.
    private static Type[] TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException partial)
        {
            return [.. partial.Types.OfType<Type>()];
        }
    }

    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception failure) when (failure is IOException or BadImageFormatException)
        {
            return null;
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
