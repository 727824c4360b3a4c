namespace OrleansDtm.Storage;

/// <summary>Commits batches in one database. Called by one thread at a time, and may block it.</summary>
public interface IBatchCommitter
{
    /// <summary>Applies the writes in order in one database transaction, and commits it.</summary>
    /// <param name="batch">At least one; several may be for the same gid.</param>
    /// <param name="results">One place for each write, to be filled by index.</param>
    /// <exception cref="StoreUnavailableException">
    /// The database did not answer, or did not confirm the commit.
    /// </exception>
    /// <exception cref="Exception">Any other: the database refused the batch, and nothing of it is stored.</exception>
    void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results);
}
