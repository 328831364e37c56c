namespace Bgpo.Tasks;

/// <summary>What a task is, for people who choose one.</summary>
/// <param name="Name">The name by which specs ask for it.</param>
/// <param name="What">What is asked and how it is judged, in one line.</param>
/// <param name="Data">What it needs of data files, in one line.</param>
/// <param name="Prompt">A prompt.</param>
/// <param name="Answer">An answer to it that earns 1.</param>
public sealed record TaskDescription(string Name, string What, string Data, string Prompt, string Answer)
{
    /// <summary>All tasks, in alphabetical order of their names.</summary>
    public static IReadOnlyList<TaskDescription> All { get; } =
    [
        new("arithmetic", "sums of three and more numbers, with their steps", "none; evaluationData may name a file",
            " 23+ 48- 17=", " 71- 17= 54"),
        new("code", "a Python program, judged by tests in a sandbox", "JSONL, CSV or Parquet: HumanEval, MBPP, pairs of input and output",
            "def add(a, b):\n    \"\"\"The sum of a and b.\"\"\"", "    return a + b"),
        new("command", "judged by a program of your own, in any language", "JSONL, CSV or Parquet with prompt and perhaps reference",
            "as in your files", "as your program says"),
        new("countdown", "an expression of three or four numbers, each once, that makes the target",
            "none; evaluationData may name a file", "30,100,93,7=16", "30+93-100-7"),
        new("countdown3", "an expression of three numbers, each once, that makes the target", "none; evaluationData may name a file",
            " 30,100, 93= 23", "30+93-100"),
        new("http", "judged by a service of your own", "JSONL, CSV or Parquet with prompt and perhaps reference",
            "as in your files", "as your service says"),
        new("math", "an answer in mathematics, equal to the reference as numbers, LaTeX or expressions",
            "JSONL, CSV or Parquet: GSM8K's and MATH's files as they are", "What is 2(x+1) at x = 3?", "The answer is \\boxed{8}."),
        new("pyfunc", "one line of Python from words, judged by calls in a sandbox", "none",
            "f(a,b): twice a plus b squared                    ", "return 2*a+b**2"),
        new("sudoku4x4", "4x4 Sudoku, by the share of blanks that are right", "none; evaluationData may name a file",
            "3102200002100320", "3142243142131324"),
        new("sudoku9x9", "9x9 Sudoku, by the share of blanks that are right", "none; evaluationData may name a file",
            "530070000600195000098000060800060003400803001700020006060000280000419005000080079",
            "534678912672195348198342567859761423426853791713924856961537284287419635345286179"),
    ];
}
