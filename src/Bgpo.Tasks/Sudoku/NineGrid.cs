using System.Numerics;

namespace Bgpo.Tasks.Sudoku;

/// <summary>A 9x9 Sudoku grid, row by row, 0 for a blank; and a solver of bounded work.</summary>
internal sealed class NineGrid
{
    /// <summary>Cells of a grid.</summary>
    public const int Cells = 81;

    private const int Size = 9;
    private const int AllDigits = 0b11_1111_1110;

    /// <summary>Cells that are tried at most in a search: the hardest puzzles known need far fewer.</summary>
    private const int MostTried = 2_000_000;

    private readonly int[] _cells;
    private readonly int[] _rows = new int[Size];
    private readonly int[] _columns = new int[Size];
    private readonly int[] _boxes = new int[Size];
    private int _tried;

    private NineGrid(int[] cells) => _cells = cells;

    /// <summary>Reads 81 digits.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The grid; null where the text is none, or a digit stands twice in a row, column or box.</returns>
    public static NineGrid? TryParse(string text)
    {
        if (text.Length != Cells || !text.All(char.IsAsciiDigit))
        {
            return null;
        }
        var grid = new NineGrid([.. text.Select(digit => digit - '0')]);
        for (int cell = 0; cell < Cells; cell++)
        {
            if (grid._cells[cell] != 0 && !grid.TryMark(cell, grid._cells[cell]))
            {
                return null;
            }
        }
        return grid;
    }

    /// <summary>A solved grid.</summary>
    /// <param name="random">Decides which.</param>
    /// <param name="next">Number of the stream's next value.</param>
    public static string Draw(Philox random, ref uint next)
    {
        var grid = new NineGrid(new int[Cells]);
        // Three boxes that share no row or column may be filled at will; the rest follows from them.
        foreach (int box in new[] { 0, 4, 8 })
        {
            Span<int> digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];
            for (int i = 0; i < Size; i++)
            {
                int j = i + random.Below(next++, Size - i);
                (digits[i], digits[j]) = (digits[j], digits[i]);
                int cell = ((((box / 3) * 3) + (i / 3)) * Size) + ((box % 3) * 3) + (i % 3);
                grid._cells[cell] = digits[i];
                _ = grid.TryMark(cell, digits[i]);
            }
        }
        Span<int> order = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        for (int i = 0; i < Size; i++)
        {
            int j = i + random.Below(next++, Size - i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        string solution = "";
        _ = grid.Count(1, order, found => solution = found);
        return solution;
    }

    /// <summary>How many solutions there are.</summary>
    /// <param name="bound">Stops counting there.</param>
    /// <returns>At most the bound; the bound, too, where the search takes too long to tell.</returns>
    public int CountSolutions(int bound) => Count(bound, [1, 2, 3, 4, 5, 6, 7, 8, 9], static _ => { });

    /// <summary>The only solution; null where there is none or several.</summary>
    public string? Solve()
    {
        string? solution = null;
        return Count(2, [1, 2, 3, 4, 5, 6, 7, 8, 9], found => solution = found) == 1 ? solution : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Concat(_cells);

    private static int BoxOf(int cell) => (((cell / Size) / 3) * 3) + ((cell % Size) / 3);

    private int Count(int bound, ReadOnlySpan<int> order, Action<string> found)
    {
        _tried = 0;
        return Search(bound, order, found);
    }

    /// <summary>Tries the digits of the blank with the fewest that fit.</summary>
    private int Search(int bound, ReadOnlySpan<int> order, Action<string> found)
    {
        if (++_tried > MostTried)
        {
            return bound;
        }
        int best = -1, bestFree = 0, fewest = Size + 1;
        for (int cell = 0; cell < Cells && fewest > 1; cell++)
        {
            if (_cells[cell] == 0)
            {
                int free = AllDigits & ~(_rows[cell / Size] | _columns[cell % Size] | _boxes[BoxOf(cell)]);
                int count = BitOperations.PopCount((uint)free);
                if (count < fewest)
                {
                    (best, bestFree, fewest) = (cell, free, count);
                }
            }
        }
        if (best < 0)
        {
            found(ToString());
            return 1;
        }
        int solutions = 0;
        foreach (int digit in order)
        {
            if ((bestFree & (1 << digit)) != 0)
            {
                _cells[best] = digit;
                _ = TryMark(best, digit);
                solutions += Search(bound - solutions, order, found);
                Unmark(best, digit);
                _cells[best] = 0;
                if (solutions >= bound)
                {
                    break;
                }
            }
        }
        return solutions;
    }

    private bool TryMark(int cell, int digit)
    {
        int bit = 1 << digit;
        if (((_rows[cell / Size] | _columns[cell % Size] | _boxes[BoxOf(cell)]) & bit) != 0)
        {
            return false;
        }
        _rows[cell / Size] |= bit;
        _columns[cell % Size] |= bit;
        _boxes[BoxOf(cell)] |= bit;
        return true;
    }

    private void Unmark(int cell, int digit)
    {
        int bit = ~(1 << digit);
        _rows[cell / Size] &= bit;
        _columns[cell % Size] &= bit;
        _boxes[BoxOf(cell)] &= bit;
    }
}
