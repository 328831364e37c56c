using Bgpo.Tasks.Code;

namespace Bgpo.Tasks.Tests.Code;

public class CodeGraderTests(CodeFixture code)
{
    private const string Median = """
        from typing import List


        def scale(x: float) -> float:
            return 2 * x


        def median(values: List[float]) -> float:
            \"\"\" The middle of the values.
            >>> median([3, 1, 2])
            2
            \"\"\"

        """;

    private const string MedianTest = """

        def check(candidate):
            assert True, "this one says nothing"
            assert candidate([3, 1, 2]) == 2
            assert candidate([1, 2]) == 1.5
            for i in range(3):
                assert abs(candidate([float(i)]) - scale(i) / 2) < 1e-9
        """;

    private static readonly CodeProblem s_median = new()
    {
        Prelude = Median.Replace("\\\"", "\"", StringComparison.Ordinal),
        Entry = "median",
        Suite = MedianTest,
    };

    private static readonly CodeProblem s_double = new() { Cases = ["assert f(2) == 4", "assert f([1]) == [1, 1]", "assert f('') == ''"] };

    [Theory]
    [InlineData("    v = sorted(values)\n    n = len(v)\n    return (v[n // 2] + v[(n - 1) // 2]) / 2\n", 1)]
    [InlineData("v = sorted(values)\nn = len(v)\nreturn (v[n // 2] + v[(n - 1) // 2]) / 2", 1)]
    [InlineData("    import statistics\n    return statistics.median(values)\n\nThis takes the median, of course.", 1)]
    [InlineData("Here:\n```python\nimport statistics\ndef median(values):\n    return statistics.median(values)\n```\nDone.", 1)]
    [InlineData("```python\nimport nothing\n```\n```\nx\n```\n```python\n    return sorted(values)[0]\n```", 0)]
    [InlineData("    pass\n", 0)]
    [InlineData("    return sorted(values)[len(values) // 2]", 0)]
    public async Task AFunctionThatAPromptBegins_IsFoundAndJudgedByAllItsTests(string completion, double reward)
    {
        Score score = await code.Patient.GradeAsync(s_median, completion, TestContext.Current.CancellationToken);
        Assert.Equal((reward, reward == 1, Outcome.Scored), (score.Reward, score.Exact, score.Outcome));
    }

    [Theory]
    [InlineData("def f(x):\n    return x * 2", 1, "")]
    [InlineData("def f(x):\n    return x + x if x != '' else None", 2 / 3.0, "assert f('') == ''")]
    [InlineData("def g(x):\n    return 2 * x", 0, "NameError: name 'f' is not defined: assert f(2) == 4")]
    [InlineData("def f(x):\n    raise ValueError('why')", 0, "ValueError: why: assert f(2) == 4")]
    [InlineData("raise ValueError('at once')", 0, "ValueError: at once")]
    public async Task Assertions_CountOneByOne_AndTheFirstFailureIsTold(string program, double reward, string info)
    {
        Score score = await code.Shares.GradeAsync(s_double, program, TestContext.Current.CancellationToken);
        Assert.Equal((reward, Outcome.Scored, info), (score.Reward, score.Outcome, score.Info));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n ")]
    [InlineData("I do not know how to do that.")]
    [InlineData("```python\ndef f(x:\n```")]
    [InlineData("def f(x): return '\0'")]
    public async Task WhatIsNoPython_IsMalformed(string completion)
    {
        Score score = await code.Patient.GradeAsync(s_double, completion, TestContext.Current.CancellationToken);
        Assert.Equal((0, Outcome.Malformed), (score.Reward, score.Outcome));
        Assert.NotEmpty(score.Info);
    }

    [Theory]
    [InlineData("n = int(input())\nfor i in range(n):\n    print(i)", 1)]
    [InlineData("import sys\nn = int(sys.stdin.read())\nsys.stdout.write('\\n'.join(map(str, range(n))))\nsys.exit(0)", 1)]
    [InlineData("import os\nn = int(os.read(0, 99))\nos.write(1, b''.join(b'%d  \\n' % i for i in range(n)))", 1)]
    [InlineData("if __name__ == '__main__':\n    print(0)", 0.5)]
    [InlineData("print(0)\nprint(int(input()) - 1)", 0.5)]
    [InlineData("for i in range(int(input())): print(i)\nassert i == 0", 0.5)]
    public async Task AWholeProgram_IsJudgedByWhatItWrites(string program, double reward)
    {
        CodeProblem problem = new() { Inputs = ["1\n", "2\n"], Outputs = ["0", "0\n1\n"] };
        Score score = await code.Shares.GradeAsync(problem, program, TestContext.Current.CancellationToken);
        Assert.Equal((reward, Outcome.Scored), (score.Reward, score.Outcome));
    }

    [Fact]
    public async Task AllSortsOfValuesAndObjects_PassBetweenProgramAndTests()
    {
        CodeProblem problem = new()
        {
            Setup = "import datetime, decimal, fractions, collections, math",
            Cases =
            [
                """
                for v in (1, 1.5, -0.0, math.inf, '\u2028\ud83d\U0001f600"\\\n', None, True, (1, (2,)), {1: 2, (1, 2): [3]}, {1, 2},
                          frozenset([1]), b'ab', bytearray(b'q'), 1j, range(3), 10 ** 6000, decimal.Decimal('1.5'),
                          fractions.Fraction(1, 3), datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 2),
                          datetime.timedelta(1), collections.deque([1]), int, len):
                    assert same(v) == v and type(same(v)) is type(v), v
                """,
                "assert same(math.nan) != same(math.nan)",
                "a = [2]\nadd(a, 3)\nassert a == [2, 3]",
                "s = Stack()\ns.push(1)\ns.push('x')\nassert len(s) == 2 and list(s) == [1, 'x'] and s.pop() == 'x' and s.items == [1]",
                "assert Stack() == Stack() and not Stack() != Stack()",
                "assert each(lambda x: 2 * x, [1, 2]) == [2, 4] and each(str, [1]) == ['1']",
                "assert list(numbers()) == [1, 2]",
                "import pytest\nwith pytest.raises(ValueError): refuse()\nwith pytest.raises(Refused): refuse()",
                "class Node:\n    def __init__(self, value, next=None): self.value, self.next = value, next\n"
                    + "assert total(Node(1, Node(2))) == 3",
            ],
        };
        Score score = await code.Shares.GradeAsync(problem, """
            import collections
            def same(x): return x
            def add(items, x): items.append(x)
            def each(f, items): return [f(x) for x in items]
            def total(node): return node.value + total(node.next) if node else 0
            def numbers():
                yield 1
                yield 2
            class Refused(ValueError): pass
            def refuse(): raise Refused('no')
            class Stack:
                def __init__(self): self.items = []
                def push(self, x): self.items.append(x)
                def pop(self): return self.items.pop()
                def __len__(self): return len(self.items)
                def __iter__(self): return iter(self.items)
                def __eq__(self, other): return self.items == other.items
            """, TestContext.Current.CancellationToken);
        Assert.Equal(("", 1), (score.Info, score.Reward));
    }

    [Theory]
    [InlineData("from solution import f\ndef test_one():\n    assert f(1) == 2\ndef test_two():\n    assert f(2) == 5", 0.5)]
    [InlineData("import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_a(self):\n        "
        + "self.assertEqual(f(1), 2)\n    def test_b(self):\n        self.assertEqual(f(1), 3)", 0.5)]
    [InlineData("assert f(1) == 2\nassert f(2) == 4\nassert f(3) == 7", 2 / 3.0)]
    [InlineData("try:\n    f(None)\n    assert False\nexcept TypeError:\n    pass\nassert f(1) == 2", 1)]
    public async Task TestsMayBeFunctions_ClassesOrAsserts(string suite, double reward)
    {
        Score score = await code.Shares.GradeAsync(
            new CodeProblem { Suite = suite }, "def f(x): return 2 * x", TestContext.Current.CancellationToken);
        Assert.Equal((reward, Outcome.Scored), (score.Reward, score.Outcome));
    }

    [Theory]
    [InlineData("import a_package_that_is_not_there\nassert f(1) == 2")]
    [InlineData("assert f(1 == 2")]
    [InlineData("x = 1")]
    public async Task TestsThatCannotRun_AreTheGradersFailure(string suite)
    {
        Score score = await code.Patient.GradeAsync(
            new CodeProblem { Suite = suite }, "def f(x): return 2 * x", TestContext.Current.CancellationToken);
        Assert.Equal(Outcome.Failed, score.Outcome);
        Assert.NotEmpty(score.Info);
    }

    [Fact]
    public async Task AChanceProgram_HasTheSameRewardEachTime()
    {
        CodeProblem problem = new() { Cases = ["assert f() > 0.5"] };
        Score[] scores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => code.Patient.GradeAsync(
            problem, "import random\ndef f(): return random.random()", TestContext.Current.CancellationToken)));
        Assert.Single(scores.Distinct());
    }
}
