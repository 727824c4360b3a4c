using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>An endpoint with a barrier.</summary>
/// <param name="Database">Null = the application's.</param>
/// <param name="Isolation">Unspecified = the database's default.</param>
internal sealed record BarrierMetadata(Func<IServiceProvider, DbConnection>? Database, IsolationLevel Isolation)
{
    public static BarrierMetadata Default { get; } = new(null, IsolationLevel.Unspecified);
}
