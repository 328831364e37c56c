namespace Bgpo.Tasks.Sudoku;

/// <summary>
/// What Sudokus of all sizes share: blanks are the zeros of the puzzle's text, an answer has a digit for each cell.
/// </summary>
internal static class SudokuCells
{
    /// <summary>First line of the public data files.</summary>
    public const string Header = "Puzzle,Solution";

    /// <summary>The solution with each blank's digit redrawn with a probability.</summary>
    /// <param name="prompt">The puzzle, its solution as reference.</param>
    /// <param name="size">Largest digit.</param>
    /// <param name="noise">The random numbers.</param>
    /// <param name="probability">The probability.</param>
    public static string Disturb(Prompt prompt, int size, Philox noise, double probability)
    {
        char[] answer = prompt.Reference.ToCharArray();
        for (int cell = 0; cell < answer.Length; cell++)
        {
            if (prompt.Text[cell] == '0' && noise.Double(2 * (uint)cell) < probability)
            {
                answer[cell] = (char)('1' + noise.Below((2 * (uint)cell) + 1, size));
            }
        }
        return new string(answer);
    }

    /// <summary>Blanks that are filled with the solution's digit; 0 where a given is changed.</summary>
    /// <param name="puzzle">The puzzle.</param>
    /// <param name="solution">Its solution.</param>
    /// <param name="completion">Any text.</param>
    public static int CorrectBlanks(string puzzle, string solution, string completion)
    {
        int correct = 0;
        for (int cell = 0; cell < puzzle.Length; cell++)
        {
            char found = cell < completion.Length ? completion[cell] : '\0';
            if (puzzle[cell] == '0')
            {
                correct += found == solution[cell] ? 1 : 0;
            }
            else if (found != puzzle[cell])
            {
                return 0;
            }
        }
        return correct;
    }
}
