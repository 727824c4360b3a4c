namespace OrleansDtm.Client;

/// <summary>
/// Adds headers to each transaction that is started, such as those of the request it is started in. Registered as a service; must be
/// safe for concurrent use.
/// </summary>
public interface IBranchHeaderSource
{
    /// <summary>Called when a transaction is prepared or submitted. What its options say comes later and wins.</summary>
    /// <param name="headers">By name, whatever the case; to be added to.</param>
    void Collect(IDictionary<string, string> headers);
}
