namespace OrleansDtm.Client;

/// <summary>
/// Adds headers to each transaction that is started, such as those of the current request. Register it as a service; it
/// must be thread-safe.
/// </summary>
public interface IBranchHeaderSource
{
    /// <summary>Called when a transaction is prepared or submitted. Headers of its options override these.</summary>
    /// <param name="headers">Headers by case-insensitive name, to be added to.</param>
    void Collect(IDictionary<string, string> headers);
}
