namespace Bgpo.Tasks.Forms;

/// <summary>What d1's diffu-grpo asks (data_utils.py of dllm-reasoning/d1), to the letter.</summary>
internal static class D1Prompts
{
    private const string System = """

        Respond in the following format:
        <reasoning>
        ...
        </reasoning>
        <answer>
        ...
        </answer>

        """;

    private const string SudokuSystem = """

        Please solve the following 4x4 Sudoku puzzle. The puzzle is provided as a 16-character string reading left-to-right, top-to-bottom, where '0' represents empty cells.

        Rules:
        - Fill empty cells with digits 1-4
        - Each row must contain digits 1-4 exactly once
        - Each column must contain digits 1-4 exactly once
        - Each 2x2 box must contain digits 1-4 exactly once

        Important: Your solution must be a COMPLETE 16-character string with only the digits 1-4, representing your final solved grid.

        Respond in this exact format:
        <reasoning>
        Your step-by-step solving process
        </reasoning>
        <answer>
        [16-character solution string with no spaces or separators]
        </answer>

        """;

    /// <summary>Asks for a 4x4 Sudoku.</summary>
    /// <param name="puzzle">Sixteen digits.</param>
    public static string Sudoku(string puzzle) => $"{SudokuSystem}\n\nSolve the following Sudoku puzzle: {puzzle}\n";

    /// <summary>Asks for a Countdown.</summary>
    /// <param name="problem">Numbers and target, <c>30,100,93=23</c>.</param>
    public static string Countdown(string problem)
    {
        string[] sides = problem.Split('=');
        string numbers = string.Join(", ", sides[0].Split(',').Select(number => number.Trim()));
        return $"{System}\nUsing only the numbers [{numbers}], create an arithmetic expression that evaluates to exactly " +
            $"{sides[1].Trim()}. "
            + "You must use all numbers from the list, and each number must be used exactly once. You may use the operations "
            + "+, -, *, and / as needed. After reasoning, provide only your final expression inside <answer></answer> tags " +
                "without "
            + "including an equals sign or the target number. For example, if the numbers are [2, 3, 4] and the target is 5, a " +
                "valid "
            + "answer is: <answer>\n2*4-3\n</answer>";
    }
}
