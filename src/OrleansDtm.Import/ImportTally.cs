using System.Globalization;
using System.Text;

namespace OrleansDtm.Import;

/// <summary>What became of a row.</summary>
internal enum Taking
{
    None = 0,

    /// <summary>It is here now; in a dry run: it would be.</summary>
    Taken = 1,

    /// <summary>An earlier run brought it.</summary>
    AlreadyHere = 2,

    /// <summary>Something else bears its name here and was not touched.</summary>
    NameTaken = 3,

    /// <summary>It is nothing the coordinator could go on with.</summary>
    Refused = 4,
}

/// <summary>Counts what became of the rows, by what they are. Thread-safe.</summary>
internal sealed class ImportTally
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long[]> _counts = new(StringComparer.Ordinal);
    private readonly long[] _total = new long[5];

    /// <summary>Rows that stay behind.</summary>
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

    /// <summary>As a table for people.</summary>
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
                .Append(dryRun ? "would be taken over" : "         taken over").AppendLine("   already here   gid in use   refused");
            foreach (var (kind, counts) in _counts)
            {
                text.AppendLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{kind.PadRight(width)}{counts[(int)Taking.Taken],19:N0}{counts[(int)Taking.AlreadyHere],15:N0}{counts[(int)Taking.NameTaken],13:N0}{counts[(int)Taking.Refused],10:N0}"));
            }

            return text.ToString().TrimEnd();
        }
    }
}
