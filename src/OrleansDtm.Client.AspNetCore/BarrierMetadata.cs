using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>An endpoint with a barrier.</summary>
/// <param name="Database">Null = the application's.</param>
/// <param name="Isolation">Unspecified = the database's default.</param>
/// <param name="Context">The type of the context whose connection and transaction it uses; null = none.</param>
internal sealed record BarrierMetadata(
    Func<IServiceProvider, DbConnection>? Database, IsolationLevel Isolation, Type? Context = null)
{
    public static BarrierMetadata Default { get; } = new(null, IsolationLevel.Unspecified);
}
