using System.Data.Common;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>What branches in this application have in common.</summary>
public sealed class BranchEndpointOptions
{
    /// <summary>
    /// Gives a new connection to the database of the business, for barriers that name no other; it is disposed of after the call. Default:
    /// one of the DbDataSource that is registered.
    /// </summary>
    public Func<IServiceProvider, DbConnection>? Database { get; set; }

    /// <summary>
    /// Headers of the request under way that every transaction started in it hands on to its branches. They are stored with the transaction.
    /// Default: none.
    /// </summary>
    public IList<string> PassedHeaders { get; } = [];
}
