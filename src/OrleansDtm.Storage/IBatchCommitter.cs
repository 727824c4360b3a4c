namespace OrleansDtm.Storage;

/// <summary>Commits batches in one database. Called by one thread at a time, which it may block.</summary>
public interface IBatchCommitter
{
    /// <summary>Applies the writes in their order, in one database transaction, and commits it.</summary>
    /// <param name="batch">At least one; several may be for the same gid.</param>
    /// <param name="results">As many places as there are writes, to be filled by index.</param>
    /// <exception cref="StoreUnavailableException">The database did not answer, or did not say whether it committed.</exception>
    /// <exception cref="Exception">Any other: the database refused, and certainly nothing of the batch is stored.</exception>
    void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results);
}
