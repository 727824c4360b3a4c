namespace OrleansDtm.CommandLines;

/// <summary>Finds the name that was probably meant. OrleansDtm.Cli compiles this file too.</summary>
internal static class Nearest
{
    /// <returns>" Did you mean X?", or an empty text if no name is near.</returns>
    public static string Hint(string given, IEnumerable<string> known) =>
        To(given, known) is { } name ? $" Did you mean {name}?" : "";

    /// <summary>Null = no name differs in at most a third of the characters.</summary>
    public static string? To(string given, IEnumerable<string> known) => known
        .Select(name => (Name: name, Distance: Distance(given.ToUpperInvariant(), name.ToUpperInvariant())))
        .Where(each => each.Distance <= Math.Min(given.Length, each.Name.Length) / 3)
        .OrderBy(static each => each.Distance)
        .Select(static each => each.Name)
        .FirstOrDefault();

    /// <summary>Characters that are missing, additional, replaced, or swapped with their neighbour.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1,
                    rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
