namespace Bgpo.Tasks.Sudoku;

/// <summary>
/// A filled or partly filled 4x4 Sudoku packed in two words: two bits per cell for the digit less one, and two bits per cell
/// that are set where the cell is given. Cell 0 (top left) is in the lowest bits; cells run row by row.
/// </summary>
/// <param name="Digits">Digits less one; zero bits at blanks.</param>
/// <param name="Given">Binary 11 at given cells, 00 at blanks.</param>
internal readonly record struct Grid(uint Digits, uint Given)
{
    /// <summary>Cells of a grid.</summary>
    public const int Cells = 16;

    private static readonly Grid[] All = Enumerate();

    /// <summary>All 288 solved grids, in the order of their digits read as a number.</summary>
    public static ReadOnlySpan<Grid> Solved => All;

    /// <summary>Number of blank cells.</summary>
    public int Blanks => Cells - (System.Numerics.BitOperations.PopCount(Given) / 2);

    /// <summary>The digit of a cell, 1 to 4; 0 at a blank.</summary>
    /// <param name="cell">Place of the cell, from 0.</param>
    public int this[int cell] => ((Given >> (2 * cell)) & 3) == 0 ? 0 : 1 + (int)((Digits >> (2 * cell)) & 3);

    /// <summary>Reads sixteen ASCII digits 0 to 4, 0 for a blank.</summary>
    /// <param name="text">The text.</param>
    /// <param name="grid">The grid; default where the text is none.</param>
    /// <returns>Whether the text is sixteen digits 0 to 4; the rules of Sudoku are not asked.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out Grid grid)
    {
        grid = default;
        if (text.Length != Cells)
        {
            return false;
        }
        Grid read = default;
        for (int cell = 0; cell < Cells; cell++)
        {
            if (text[cell] is < '0' or > '4')
            {
                return false;
            }
            if (text[cell] != '0')
            {
                read = read.With(cell, text[cell] - '0');
            }
        }
        grid = read;
        return true;
    }

    /// <summary>The same grid with only some cells left.</summary>
    /// <param name="given">Binary 11 at the cells to keep.</param>
    public Grid Keep(uint given) => new(Digits & given, Given & given);

    /// <summary>Whether every given of this grid stands in the other one too.</summary>
    /// <param name="solved">A solved grid.</param>
    public bool Admits(Grid solved) => ((Digits ^ solved.Digits) & Given) == 0;

    /// <summary>How many of the 288 grids complete this one, counted no further than a bound.</summary>
    /// <param name="bound">Where to stop counting.</param>
    public int CountSolutions(int bound)
    {
        int count = 0;
        for (int i = 0; i < All.Length && count < bound; i++)
        {
            count += Admits(All[i]) ? 1 : 0;
        }
        return count;
    }

    /// <summary>The sixteen digits, 0 for a blank.</summary>
    public override string ToString() => string.Create(Cells, this, static (text, grid) =>
    {
        for (int cell = 0; cell < Cells; cell++)
        {
            text[cell] = (char)('0' + grid[cell]);
        }
    });

    private Grid With(int cell, int digit) =>
        new(Digits | ((uint)(digit - 1) << (2 * cell)), Given | (3u << (2 * cell)));

    private static Grid[] Enumerate()
    {
        List<Grid> found = [];
        Fill(default, 0);
        return [.. found];

        void Fill(Grid grid, int cell)
        {
            if (cell == Cells)
            {
                found.Add(grid);
                return;
            }
            for (int digit = 1; digit <= 4; digit++)
            {
                if (!Enumerable.Range(0, cell).Any(other => grid[other] == digit && Meet(cell, other)))
                {
                    Fill(grid.With(cell, digit), cell + 1);
                }
            }
        }
    }

    /// <summary>Whether two cells share a row, a column or a box.</summary>
    private static bool Meet(int a, int b) =>
        a / 4 == b / 4 || a % 4 == b % 4 || (a / 8 == b / 8 && a % 4 / 2 == b % 4 / 2);
}
