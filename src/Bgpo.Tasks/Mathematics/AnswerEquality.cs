namespace Bgpo.Tasks.Mathematics;

/// <summary>Compares answers part by part: structures by their parts, expressions by <see cref="ScalarEquality"/>.</summary>
/// <param name="budget">Pays.</param>
internal sealed class AnswerEquality(WorkBudget budget)
{
    /// <summary>Most members of a set that is compared.</summary>
    private const int MaxMembers = 100;

    private readonly ScalarEquality _scalars = new(budget);

    /// <summary>Whether two answers are the same.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool AreEqual(MathNode left, MathNode right)
    {
        if (!budget.TryPay(10))
        {
            return false;
        }
        if (left.IsScalar && right.IsScalar)
        {
            return _scalars.AreEqual(left, right);
        }
        if (left is SetNode || right is SetNode)
        {
            return AreEqualSets(Members(left), Members(right));
        }
        if (left is RelationNode || right is RelationNode)
        {
            return AreEqualRelations(left, right);
        }
        if (left is MeasuredNode || right is MeasuredNode)
        {
            return AreEqualMeasures(left, right);
        }
        return (left, right) switch
        {
            (WordsNode a, WordsNode b) => a.Text == b.Text,
            (TupleNode a, TupleNode b) => AreEqualTuples(a, b),
            (MatrixNode a, MatrixNode b) => AreEqualMatrices(a, b),
            (JoinedNode a, JoinedNode b) => AreEqualJoined(a, b),
            (JoinedNode { Sign: ':' } a, _) => IsRatio(a, right),
            (_, JoinedNode { Sign: ':' } b) => IsRatio(b, left),
            _ => false,
        };
    }

    /// <summary>The answers of a list; those of a set in it count one by one.</summary>
    private static List<MathNode> Members(MathNode node)
    {
        if (node is not SetNode set)
        {
            return [node];
        }
        List<MathNode> members = [];
        foreach (MathNode item in set.Items)
        {
            members.AddRange(Members(item));
        }
        return members;
    }

    private bool AreEqualSets(List<MathNode> left, List<MathNode> right) =>
        left.Count <= MaxMembers && right.Count <= MaxMembers
        && left.TrueForAll(a => right.Exists(b => AreEqual(a, b)))
        && right.TrueForAll(b => left.Exists(a => AreEqual(a, b)));

    private bool AreEqualTuples(TupleNode left, TupleNode right) =>
        // Of two items the brackets say which ends an interval has; longer ones are lists however they are bracketed.
        (left.Items.Count != 2 || (left.Open == right.Open && left.Close == right.Close))
        && AreEqualLists(left.Items, right.Items);

    private bool AreEqualLists(IReadOnlyList<MathNode> left, IReadOnlyList<MathNode> right)
    {
        bool isEqual = left.Count == right.Count;
        for (int i = 0; i < left.Count && isEqual; i++)
        {
            isEqual = AreEqual(left[i], right[i]);
        }
        return isEqual;
    }

    private bool AreEqualMatrices(MatrixNode left, MatrixNode right)
    {
        bool isEqual = left.Rows.Count == right.Rows.Count;
        for (int i = 0; i < left.Rows.Count && isEqual; i++)
        {
            isEqual = AreEqualLists(left.Rows[i], right.Rows[i]);
        }
        return isEqual;
    }

    private bool AreEqualJoined(JoinedNode left, JoinedNode right)
    {
        if (left.Sign != right.Sign)
        {
            return false;
        }
        if (left.Sign is '∪' or '∩')
        {
            return AreEqualSets([.. left.Parts], [.. right.Parts]);
        }
        if (left.Sign == ':' && left.Parts.Count == 2 && right.Parts.Count == 2
            && left.Parts.Concat(right.Parts).All(part => part.IsScalar))
        {
            return AreEqualLists(left.Parts, right.Parts) || AreEqual(Divided(left), Divided(right));
        }
        return AreEqualLists(left.Parts, right.Parts);
    }

    private bool IsRatio(JoinedNode ratio, MathNode value) =>
        ratio.Parts.Count == 2 && value.IsScalar && ratio.Parts.All(part => part.IsScalar) && AreEqual(Divided(ratio), value);

    private static ProductNode Divided(JoinedNode ratio) =>
        new([ratio.Parts[0], new PowerNode(ratio.Parts[1], new NumberNode(-1))]);

    private bool AreEqualMeasures(MathNode left, MathNode right)
    {
        MeasuredNode a = left as MeasuredNode ?? new MeasuredNode(left, null, IsPercent: false);
        MeasuredNode b = right as MeasuredNode ?? new MeasuredNode(right, null, IsPercent: false);
        if (a.Unit is { } unit && b.Unit is { } other && a.Value.IsScalar && b.Value.IsScalar)
        {
            return unit.Measures(other) && AreEqual(Times(a.Value, unit.Factor), Times(b.Value, other.Factor));
        }
        return AreEqual(a.Value, b.Value)
            || (a.IsPercent != b.IsPercent && a.Value.IsScalar && b.Value.IsScalar
                && AreEqual(a.IsPercent ? Hundredth(a.Value) : a.Value, b.IsPercent ? Hundredth(b.Value) : b.Value));
    }

    private static MathNode Times(MathNode value, Rational factor) =>
        factor == Rational.One ? value
        : value is NumberNode number ? new NumberNode(number.Value * factor)
        : new ProductNode([value, new NumberNode(factor)]);

    private static MathNode Hundredth(MathNode value) => Times(value, Rational.Of(1, 100));

    private bool AreEqualRelations(MathNode left, MathNode right)
    {
        if (left is RelationNode a && right is RelationNode b && AreEqualSides(a, b))
        {
            return true;
        }
        // A name alone on one side says what the other side answers; two different names are different answers.
        MathNode first = Value(left, out MathNode? name) ?? left;
        MathNode second = Value(right, out MathNode? other) ?? right;
        return first is not RelationNode && second is not RelationNode
            && (name is null || other is null || AreEqual(name, other)) && AreEqual(first, second);
    }

    /// <summary>
    /// What x = 3 or x ∈ [0, 1] says of x, 2 + 3 = 5 of 2 + 3, or an inequality as an interval; null where it is none of these.
    /// </summary>
    private MathNode? Value(MathNode node, out MathNode? name)
    {
        name = null;
        if (node is not RelationNode relation)
        {
            return null;
        }
        if (!relation.Signs.All(sign => sign is '=' or '∈'))
        {
            return Interval(relation, out name);
        }
        MathNode value = relation.Sides[^1];
        name = MathNames.IsName(relation.Sides[0]) ? relation.Sides[0] : null;
        return relation.Sides.Skip(name is null ? 0 : 1).SkipLast(1).All(side => AreEqual(side, value)) ? value : null;
    }

    /// <summary>x > 3 as (3, infinity), 1 &lt; x ≤ 2 as (1, 2].</summary>
    private static TupleNode? Interval(RelationNode relation, out MathNode? name)
    {
        name = null;
        // Read from low to high.
        RelationNode? rising = relation.Signs.All(sign => sign is '<' or '≤') ? relation
            : relation.Signs.All(sign => sign is '>' or '≥') ? new RelationNode(
                [.. relation.Sides.Reverse()], [.. relation.Signs.Reverse().Select(sign => sign == '>' ? '<' : '≤')])
            : null;
        MathNode infinity = new SymbolNode("infinity");
        MathNode minus = new ProductNode([new NumberNode(-1), infinity]);
        switch (rising)
        {
            case { Sides: [var low, var middle, var high] } when MathNames.IsName(middle):
                name = middle;
                return Interval(low, rising.Signs[0], rising.Signs[1], high);
            case { Sides: [var low, var high] } when MathNames.IsName(low):
                name = low;
                return Interval(minus, '<', rising.Signs[0], high);
            case { Sides: [var low, var high] } when MathNames.IsName(high):
                name = high;
                return Interval(low, rising.Signs[0], '<', infinity);
            default:
                return null;
        }
    }

    private static TupleNode Interval(MathNode low, char lowSign, char highSign, MathNode high) =>
        new(lowSign == '≤' ? '[' : '(', highSign == '≤' ? ']' : ')', [low, high]);

    private bool AreEqualSides(RelationNode left, RelationNode right)
    {
        if (left.Signs.SequenceEqual(right.Signs) && AreEqualLists(left.Sides, right.Sides))
        {
            return true;
        }
        if (left.Sides.Count != 2 || right.Sides.Count != 2 || !left.Sides.Concat(right.Sides).All(side => side.IsScalar))
        {
            return false;
        }
        // 2x = 4 and x - 2 = 0 are the same equation; an inequality may be multiplied by a positive number only.
        (MathNode First, char Sign) a = Difference(left);
        (MathNode First, char Sign) b = Difference(right);
        return a.Sign == b.Sign && _scalars.AreProportional(a.First, b.First, isPositive: a.Sign is not ('=' or '≠'));
    }

    /// <summary>Left side less right side, turned so that the sign is one of = ≠ &lt; ≤.</summary>
    private static (MathNode Difference, char Sign) Difference(RelationNode relation)
    {
        bool isTurned = relation.Signs[0] is '>' or '≥';
        (MathNode low, MathNode high) = isTurned
            ? (relation.Sides[1], relation.Sides[0])
            : (relation.Sides[0], relation.Sides[1]);
        char sign = relation.Signs[0] switch { '>' => '<', '≥' => '≤', var other => other };
        return (new SumNode([low, new ProductNode([new NumberNode(-1), high])]), sign);
    }
}
