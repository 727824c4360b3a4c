using System.Globalization;
using System.Text;

namespace OrleansDtm.Import;

/// <summary>The result for a row.</summary>
internal enum Taking
{
    None = 0,

    /// <summary>It was imported; in a dry run it would be.</summary>
    Taken = 1,

    /// <summary>An earlier run imported it.</summary>
    AlreadyHere = 2,

    /// <summary>Another transaction or topic has its name and was not changed.</summary>
    NameTaken = 3,

    /// <summary>The coordinator could not continue it.</summary>
    Refused = 4,
}

/// <summary>Counts the results by kind of row. Thread-safe.</summary>
internal sealed class ImportTally
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long[]> _counts = new(StringComparer.Ordinal);
    private readonly long[] _total = new long[5];

    /// <summary>Rows that were not imported.</summary>
    public long Left => this[Taking.NameTaken] + this[Taking.Refused];

    public long this[Taking taking]
    {
        get
        {
            lock (_lock)
            {
                return _total[(int)taking];
            }
        }
    }

    /// <param name="kind">Type and status, or topic.</param>
    public void Add(string kind, Taking taking)
    {
        lock (_lock)
        {
            if (!_counts.TryGetValue(kind, out var counts))
            {
                _counts[kind] = counts = new long[5];
            }

            counts[(int)taking]++;
            _total[(int)taking]++;
        }
    }

    /// <summary>A table for the console.</summary>
    public string Table(bool dryRun)
    {
        lock (_lock)
        {
            if (_counts.Count == 0)
            {
                return "Nothing is unfinished there, and there are no topics.";
            }

            var width = Math.Max(20, _counts.Keys.Max(static k => k.Length) + 2);
            var text = new StringBuilder().Append(' ', width)
                .Append(dryRun ? "would be taken over" : "         taken over")
                .AppendLine("   already here   gid in use   refused");
            foreach (var (kind, counts) in _counts)
            {
                text.AppendLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{kind.PadRight(width)}{counts[(int)Taking.Taken],19:N0}{counts[(int)Taking.AlreadyHere],15:N0}"
                    + $"{counts[(int)Taking.NameTaken],13:N0}{counts[(int)Taking.Refused],10:N0}"));
            }

            return text.ToString().TrimEnd();
        }
    }
}
