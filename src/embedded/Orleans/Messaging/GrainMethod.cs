using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>What the engine knows of a method of a grain interface.</summary>
internal sealed class GrainMethod
{
    private readonly bool[] _copied;
    private readonly bool _resultCopied;
    private readonly Lazy<Func<object, object?[], ValueTask<object?>>> _invoke;
    private readonly Lazy<Func<object, object?[], StreamSource>> _open;

    public GrainMethod(GrainInterface owner, MethodInfo info)
    {
        Interface = owner;
        Info = info;
        ParameterInfo[] parameters = info.GetParameters();
        if (info.IsGenericMethodDefinition || info.IsSpecialName || parameters.Any(parameter => parameter.ParameterType.IsByRef))
        {
            throw new NotSupportedException($"{info.DeclaringType}.{info.Name} cannot be called as a grain: its interface may have neither"
                + " properties, events, generic methods nor ref, in or out parameters.");
        }

        ParameterTypes = [.. parameters.Select(parameter => parameter.ParameterType)];
        (Kind, ResultType) = Classify(info);
        OneWay = info.IsDefined(typeof(OneWayAttribute)) || Kind == ResultKind.Void;
        ReadOnly = info.IsDefined(typeof(ReadOnlyAttribute));
        AlwaysInterleave = info.IsDefined(typeof(AlwaysInterleaveAttribute));
        ResponseTimeout = info.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        CancellationIndex = Array.FindIndex(parameters, parameter => parameter.ParameterType == typeof(CancellationToken));
        _copied = [.. parameters.Select(parameter =>
            !parameter.IsDefined(typeof(ImmutableAttribute), false) && !Codecs.NeverCopied(parameter.ParameterType))];
        _resultCopied = ResultType is not null && !Codecs.NeverCopied(ResultType)
            && !info.ReturnParameter.IsDefined(typeof(ImmutableAttribute), false);
        Name = info.GetCustomAttributes<AliasAttribute>().FirstOrDefault()?.Alias
            ?? $"{info.Name}({string.Join(',', parameters.Select(parameter => parameter.ParameterType.Name))})";
        _invoke = new(() => GrainMethodCompiler.Invoker(this));
        _open = new(() => GrainMethodCompiler.Opener(this));
    }

    public GrainInterface Interface { get; }

    public MethodInfo Info { get; }

    /// <summary>The name on the wire: the alias, or the method's name with its parameters' types.</summary>
    public string Name { get; }

    public ResultKind Kind { get; }

    /// <summary>The type of the result, of one element for a stream, or null.</summary>
    public Type? ResultType { get; }

    public Type[] ParameterTypes { get; }

    public bool OneWay { get; }

    public bool ReadOnly { get; }

    public bool AlwaysInterleave { get; }

    public TimeSpan? ResponseTimeout { get; }

    /// <summary>Which argument is the cancellation token, or -1.</summary>
    public int CancellationIndex { get; }

    /// <summary>Copies in place what the receiver must not share with the sender.</summary>
    public void CopyArguments(object?[] arguments)
    {
        CopyContext? context = null;
        for (int i = 0; i < arguments.Length; i++)
        {
            if (_copied[i] && arguments[i] is { } value)
            {
                arguments[i] = Codecs.CopyReference(value, context ??= new());
            }
        }
    }

    /// <summary>Whether the grain may still change a result it has returned.</summary>
    public bool ResultIsCopied => _resultCopied;

    public object? CopyResult(object? result) => _resultCopied ? Codecs.Copy(result) : result;

    public ValueTask<object?> Invoke(object target, object?[] arguments) => _invoke.Value(target, arguments);

    /// <summary>Calls a method that returns a stream.</summary>
    public StreamSource Open(object target, object?[] arguments) => _open.Value(target, arguments);

    public override string ToString() => $"{Interface.Type.Name}.{Info.Name}";

    private static (ResultKind Kind, Type? Type) Classify(MethodInfo info)
    {
        Type type = info.ReturnType;
        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return type == typeof(void) ? (ResultKind.Void, null)
            : type == typeof(Task) ? (ResultKind.Task, null)
            : type == typeof(ValueTask) ? (ResultKind.ValueTask, null)
            : definition == typeof(Task<>) ? (ResultKind.TaskOf, type.GetGenericArguments()[0])
            : definition == typeof(ValueTask<>) ? (ResultKind.ValueTaskOf, type.GetGenericArguments()[0])
            : definition == typeof(IAsyncEnumerable<>) ? (ResultKind.Stream, type.GetGenericArguments()[0])
            : throw new NotSupportedException($"{info.DeclaringType}.{info.Name} returns {type}; a grain method returns Task, Task<T>,"
                + " ValueTask, ValueTask<T> or IAsyncEnumerable<T>.");
    }
}

/// <summary>The shapes of a grain method's result.</summary>
internal enum ResultKind
{
    Void,
    Task,
    TaskOf,
    ValueTask,
    ValueTaskOf,
    Stream,
}

/// <summary>Compiles the call of a method, so that no request pays for reflection.</summary>
internal static class GrainMethodCompiler
{
    public static Func<object, object?[], ValueTask<object?>> Invoker(GrainMethod method)
    {
        (Expression call, ParameterExpression target, ParameterExpression arguments) = Call(method);
        Expression body = method.Kind switch
        {
            ResultKind.Void => Expression.Block(call, Expression.Default(typeof(ValueTask<object?>))),
            ResultKind.Task => Adapt(nameof(OfTask), null, call),
            ResultKind.TaskOf => Adapt(nameof(OfTaskOf), method.ResultType, call),
            ResultKind.ValueTask => Adapt(nameof(OfValueTask), null, call),
            ResultKind.ValueTaskOf => Adapt(nameof(OfValueTaskOf), method.ResultType, call),
            _ => throw new InvalidOperationException($"{method} is a stream; it is opened, not invoked."),
        };
        return Expression.Lambda<Func<object, object?[], ValueTask<object?>>>(body, target, arguments).Compile();
    }

    public static Func<object, object?[], StreamSource> Opener(GrainMethod method)
    {
        (Expression call, ParameterExpression target, ParameterExpression arguments) = Call(method);
        Type source = typeof(StreamSource<>).MakeGenericType(method.ResultType!);
        return Expression.Lambda<Func<object, object?[], StreamSource>>(
            Expression.New(source.GetConstructors()[0], call), target, arguments).Compile();
    }

    private static (Expression Call, ParameterExpression Target, ParameterExpression Arguments) Call(GrainMethod method)
    {
        ParameterExpression target = Expression.Parameter(typeof(object));
        ParameterExpression arguments = Expression.Parameter(typeof(object[]));
        IEnumerable<Expression> unpacked = method.Info.GetParameters().Select((parameter, index) =>
            Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(index)), parameter.ParameterType));
        return (Expression.Call(Expression.Convert(target, method.Info.DeclaringType!), method.Info, unpacked), target, arguments);
    }

    private static MethodCallExpression Adapt(string adapter, Type? result, Expression call) =>
        Expression.Call(typeof(GrainMethodCompiler), adapter, result is null ? null : [result], call);

    private static async ValueTask<object?> Await(Task task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> Await<T>(Task<T> task) => await task;

    private static ValueTask<object?> OfTask(Task task) => task.IsCompletedSuccessfully ? default : Await(task);

    private static ValueTask<object?> OfTaskOf<T>(Task<T> task) => task.IsCompletedSuccessfully ? new(task.Result) : Await(task);

    private static ValueTask<object?> OfValueTask(ValueTask task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            return Await(task.AsTask());
        }

        task.GetAwaiter().GetResult();
        return default;
    }

    private static ValueTask<object?> OfValueTaskOf<T>(ValueTask<T> task) =>
        task.IsCompletedSuccessfully ? new(task.Result) : Await(task.AsTask());
}
