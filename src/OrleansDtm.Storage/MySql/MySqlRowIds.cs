using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>
/// The ids of unfinished rows that this process has written: with the id a row can be updated without a lookup. Ids
/// never change and are not reused. Used by the writer thread only.
/// </summary>
internal sealed class MySqlRowIds
{
    /// <summary>
    /// About 20 MB. With more unfinished transactions the ids of the others are looked up, as after a restart.
    /// </summary>
    private const int CountMax = 100_000;

    private readonly Dictionary<string, long> _ids = new(StringComparer.Ordinal);

    /// <summary>Whether the id of every row to update is known, and each gid is written once.</summary>
    /// <param name="sorted">By gid.</param>
    public bool KnowsAll(IReadOnlyList<PlacedWrite> sorted)
    {
        for (var i = 0; i < sorted.Count; i++)
        {
            var write = sorted[i].Write;
            if ((i > 0 && sorted[i - 1].Write.Gid == write.Gid) || (!write.IsInsert && !_ids.ContainsKey(write.Gid)))
            {
                return false;
            }
        }

        return true;
    }

    /// <exception cref="KeyNotFoundException">The gid is not known.</exception>
    public long Find(string gid) => _ids[gid];

    public void Learn(string gid, long id)
    {
        if (_ids.Count >= CountMax)
        {
            _ids.Clear();
        }

        _ids[gid] = id;
    }

    /// <summary>Finished transactions are rarely written again.</summary>
    public void Forget(IReadOnlyList<PlacedWrite> written)
    {
        foreach (var placed in written)
        {
            if (placed.Write is { Finished: not null, Due: null })
            {
                _ids.Remove(placed.Write.Gid);
            }
        }
    }
}
