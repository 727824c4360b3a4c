using Spectre.Console;

namespace OrleansDtm.Cli.Output;

/// <summary>A table whose cells are markup of <see cref="Style"/>.</summary>
internal sealed class Tables(params string[] heads)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes it with lines on a terminal, otherwise as columns of text that grep and awk can read.</summary>
    public void Write(Terminal terminal)
    {
        if (terminal.HasScreen)
        {
            terminal.Screen.Write(ForScreen());
            return;
        }

        foreach (var line in Lines())
        {
            terminal.Out.WriteLine(line);
        }
    }

    public Table ForScreen()
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var head in heads)
        {
            var column = new TableColumn(Style.Bold(head));
            table.AddColumn(head == heads[^1] ? column : column.NoWrap());
        }

        foreach (var row in _rows)
        {
            table.AddRow(row);
        }

        return table;
    }

    private IEnumerable<string> Lines()
    {
        List<string[]> all = [heads, .. _rows.Select(static row => row.Select(Markup.Remove).ToArray())];
        var widths = heads.Select((_, i) => all.Max(row => row[i].Length)).ToArray();
        return all.Select(row => string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }
}
