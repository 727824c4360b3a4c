namespace OrleansDtm.Testing.Time;

/// <summary>A transaction that needs processing at a time.</summary>
internal sealed record Due(DateTimeOffset At, string Gid, bool Prepared);

/// <summary>The due times of all transactions, the earliest first. Not thread-safe.</summary>
internal sealed class Dues
{
    private readonly SortedSet<Due> _all = new(Comparer<Due>.Create(static (x, y) =>
        x.At != y.At ? x.At.CompareTo(y.At) : string.CompareOrdinal(x.Gid, y.Gid)));

    private readonly Dictionary<string, Due> _byGid = new(StringComparer.Ordinal);

    /// <param name="gid">The gid.</param>
    /// <param name="at">Null = never.</param>
    /// <param name="prepared">Whether the submitter decides first.</param>
    public void Set(string gid, DateTimeOffset? at, bool prepared)
    {
        if (_byGid.Remove(gid, out var before))
        {
            _all.Remove(before);
        }

        if (at is { } moment)
        {
            var due = new Due(moment, gid, prepared);
            _all.Add(due);
            _byGid.Add(gid, due);
        }
    }

    /// <summary>It was resumed once; if that changes nothing, its time does not count any more.</summary>
    public void Resumed(Due due) => _all.Remove(due);

    public Due? First() => _all.Min;
}
