using System.Collections.Concurrent;
using System.Reflection;
using System.Text;

namespace Orleans.Serialization;

/// <summary>
/// Names of types on the wire: an alias where there is one, else the full name with its assembly. Naming a type makes nothing: only
/// types that have a codec, or are grain interfaces, are ever read.
/// </summary>
internal static class TypeNames
{
    private static readonly ConcurrentDictionary<Type, string> Names = new();
    private static readonly ConcurrentDictionary<string, Type> Types = new();
    private static readonly Lock AliasLock = new();
    private static readonly HashSet<Assembly> Scanned = [];
    private static readonly Dictionary<string, Type> Aliases = [];

    public static string Of(Type type) => Names.GetOrAdd(type, static type =>
    {
        StringBuilder text = new();
        Append(text, type);
        return text.ToString();
    });

    /// <summary>The type of name <paramref name="name"/>.</summary>
    /// <exception cref="CodecNotFoundException">This process has none.</exception>
    public static Type Resolve(string name) => Types.TryGetValue(name, out Type? known) ? known : Types.GetOrAdd(name, static name =>
    {
        int position = 0;
        Type type = Parse(name, ref position);
        return position == name.Length ? type : throw Unknown(name);
    });

    private static void Append(StringBuilder text, Type type)
    {
        if (type.IsSZArray)
        {
            text.Append('@');
            Append(text, type.GetElementType()!);
            return;
        }

        Type definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (definition.GetCustomAttributes<AliasAttribute>(false).FirstOrDefault() is { } alias)
        {
            text.Append('!').Append(alias.Alias);
        }
        else
        {
            text.Append(definition.FullName).Append('|').Append(AssemblyOf(definition));
        }

        if (type.IsGenericType)
        {
            text.Append('<');
            foreach (Type argument in type.GetGenericArguments())
            {
                Append(text, argument);
                text.Append(';');
            }

            text.Append('>');
        }
    }

    // What the runtime itself holds may move between its assemblies; it is found without naming one.
    private static string AssemblyOf(Type type) => type.Assembly == typeof(object).Assembly ? "" : type.Assembly.GetName().Name!;

    private static Type Parse(string name, ref int position)
    {
        if (position < name.Length && name[position] == '@')
        {
            position++;
            return Parse(name, ref position).MakeArrayType();
        }

        int end = name.AsSpan(position).IndexOfAny('<', ';', '>');
        end = end < 0 ? name.Length : position + end;
        Type type = Leaf(name[position..end]);
        position = end;
        if (position < name.Length && name[position] == '<')
        {
            position++;
            List<Type> arguments = [];
            while (position < name.Length && name[position] != '>')
            {
                arguments.Add(Parse(name, ref position));
                if (position >= name.Length || name[position++] != ';')
                {
                    throw Unknown(name);
                }
            }

            position++;
            type = type.IsGenericTypeDefinition && type.GetGenericArguments().Length == arguments.Count
                ? type.MakeGenericType([.. arguments])
                : throw Unknown(name);
        }

        return type;
    }

    private static Type Leaf(string name)
    {
        if (name.StartsWith('!'))
        {
            return FindAlias(name[1..]) ?? throw Unknown(name);
        }

        int bar = name.IndexOf('|');
        if (bar < 0)
        {
            throw Unknown(name);
        }

        string assembly = name[(bar + 1)..];
        try
        {
            Assembly? home = assembly.Length == 0
                ? typeof(object).Assembly
                : Array.Find(AppDomain.CurrentDomain.GetAssemblies(), loaded => loaded.GetName().Name == assembly) ?? Assembly.Load(assembly);
            return home.GetType(name[..bar]) ?? throw Unknown(name);
        }
        catch (Exception failure) when (failure is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            throw Unknown(name);
        }
    }

    private static Type? FindAlias(string alias)
    {
        lock (AliasLock)
        {
            if (Aliases.TryGetValue(alias, out Type? known))
            {
                return known;
            }

            string engine = typeof(Grain).Assembly.GetName().Name!;
            foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                if (!assembly.IsDynamic && Scanned.Add(assembly)
                    && (assembly == typeof(Grain).Assembly || assembly.GetReferencedAssemblies().Any(name => name.Name == engine)))
                {
                    foreach (Type type in assembly.GetTypes())
                    {
                        foreach (AliasAttribute attribute in type.GetCustomAttributes<AliasAttribute>(false))
                        {
                            if (!Aliases.TryAdd(attribute.Alias, type))
                            {
                                throw new SerializerException(
                                    $"{Aliases[attribute.Alias]} and {type} have one [Alias(\"{attribute.Alias}\")] between them.");
                            }
                        }
                    }
                }
            }

            return Aliases.GetValueOrDefault(alias);
        }
    }

    private static CodecNotFoundException Unknown(string name) =>
        new($"The message holds a type that this process does not know: \"{name}\".");
}
