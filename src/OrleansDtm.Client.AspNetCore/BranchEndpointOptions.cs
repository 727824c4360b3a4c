using System.Data.Common;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Options of all branches in this application.</summary>
public sealed class BranchEndpointOptions
{
    /// <summary>
    /// Returns a new connection to the branches' database, for barriers without their own; it is disposed after the
    /// call. Default: the registered DbDataSource.
    /// </summary>
    public Func<IServiceProvider, DbConnection>? Database { get; set; }

    /// <summary>
    /// Headers of the current request that are forwarded to the branches of transactions started in it. They are stored
    /// with the transaction. Default: none.
    /// </summary>
    public IList<string> PassedHeaders { get; } = [];
}
