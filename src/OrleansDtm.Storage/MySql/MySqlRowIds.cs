using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>
/// The ids of rows this process has written and not finished: with its id a row is updated without being looked for first. Ids never
/// change and are not used again. Of the writer thread alone.
/// </summary>
internal sealed class MySqlRowIds
{
    /// <summary>About 20 MB. Whoever has more under way than this looks for the others first, as after a restart.</summary>
    private const int CountMax = 100_000;

    private readonly Dictionary<string, long> _ids = new(StringComparer.Ordinal);

    /// <summary>Of every row to be updated; and each gid is written once.</summary>
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

    /// <exception cref="KeyNotFoundException">It is not known.</exception>
    public long Find(string gid) => _ids[gid];

    public void Learn(string gid, long id)
    {
        if (_ids.Count >= CountMax)
        {
            _ids.Clear();
        }

        _ids[gid] = id;
    }

    /// <summary>What has finished is seldom written again.</summary>
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
