using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Sudoku;

/// <summary>
/// The public 4x4 Sudoku format: CSV with the header <c>Puzzle,Solution</c>; each further line a puzzle of sixteen digits
/// (0 = blank) and its solution. A puzzle may have further solutions.
/// </summary>
internal static class SudokuData
{
    private const string Line = "'PUZZLE,SOLUTION' of 16 digits each, 0 for a blank in the puzzle";

    /// <summary>Reads all problems, in the file's order.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="file">Name to blame in errors.</param>
    /// <exception cref="TaskDataException">A line is bad, or there is no problem.</exception>
    public static IReadOnlyList<Prompt> Parse(TextReader reader, string file)
    {
        List<Prompt> prompts = [];
        foreach ((int number, string line) in DataFile.Lines(reader))
        {
            if (number > 1)
            {
                prompts.Add(ParseLine(line, reason => new TaskDataException(file, number, line, reason)));
            }
            else if (line != SudokuCells.Header)
            {
                throw new TaskDataException(file, 1, line, $"the header '{SudokuCells.Header}'");
            }
        }
        return prompts.Count > 0 ? prompts : throw DataFile.Empty(file, Line);
    }

    /// <summary>The problem of a record, by default of the fields Puzzle and Solution.</summary>
    /// <param name="record">The record.</param>
    /// <param name="fields">The spec's names of fields.</param>
    /// <exception cref="TaskDataException">It is no puzzle with its solution.</exception>
    public static Prompt Pose(DataRecord record, FieldsSection fields) => Parse(
        record.Text(FieldName.Prompt(fields.Prompt, "Puzzle", "puzzle")),
        record.Text(FieldName.Reference(fields.Reference, "Solution", "solution")), record.Error);

    private static Prompt ParseLine(string line, Func<string, TaskDataException> error) =>
        line.Split(',') is [var puzzle, var solution] ? Parse(puzzle, solution, error) : throw error(Line);

    private static Prompt Parse(string puzzleText, string solutionText, Func<string, TaskDataException> error)
    {
        if (!Grid.TryParse(puzzleText, out Grid puzzle) || !Grid.TryParse(solutionText, out Grid solution))
        {
            throw error(Line);
        }
        if (puzzle.Blanks == 0)
        {
            throw error("a puzzle with at least one blank (0)");
        }
        if (!Grid.Solved.Contains(solution))
        {
            throw error("a solution with 1 to 4 once in every row, column and 2x2 box");
        }
        return puzzle.Admits(solution)
            ? SudokuTask.Pose(puzzle, solution)
            : throw error("a solution that keeps the puzzle's givens");
    }
}
