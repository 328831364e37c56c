namespace Bgpo.Tasks.Mathematics;

/// <summary>What may stand before the = of an answer: x, x_1, f(x), AB, (x, y).</summary>
internal static class MathNames
{
    /// <summary>Whether a side only names what the other side is.</summary>
    /// <param name="node">The side.</param>
    public static bool IsName(MathNode node) => node switch
    {
        SymbolNode => true,
        WordsNode => true,
        ProductNode product => product.Factors[0] is SymbolNode
            && product.Factors.All(factor => factor is SymbolNode or NumberNode or CallNode),
        CallNode { Function: "abs" } call => IsName(call.Arguments[0]),
        TupleNode tuple => tuple.Items.All(IsName),
        JoinedNode { Sign: ':' } ratio => ratio.Parts.All(IsName),
        MeasuredNode measured => IsName(measured.Value),
        _ => false,
    };
}
