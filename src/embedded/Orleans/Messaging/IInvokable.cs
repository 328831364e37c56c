using System.Reflection;

namespace Orleans.Serialization.Invocation;

/// <summary>A request as the engine sees it; what a <see cref="Concurrency.MayInterleaveAttribute"/> predicate is shown.</summary>
public interface IInvokable
{
    /// <summary>The number of arguments.</summary>
    int GetArgumentCount();

    /// <summary>The argument at <paramref name="index"/>.</summary>
    object? GetArgument(int index);

    /// <summary>The method's name.</summary>
    string GetMethodName();

    /// <summary>The interface's name.</summary>
    string GetInterfaceName();

    /// <summary>The method.</summary>
    MethodInfo GetMethod();

    /// <summary>The interface.</summary>
    Type GetInterfaceType();

    /// <summary>How long callers wait, if the method says.</summary>
    TimeSpan? GetDefaultResponseTimeout();

    /// <summary>The token that the method was given.</summary>
    CancellationToken GetCancellationToken();
}
