using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.Postgres;

internal sealed class PostgresDriver() : ServerDriver(static () => new PostgresDialect())
{
    public override IReadOnlyList<string> Aliases => ["postgresql"];

    public override bool HasSchemas => true;

    public override DtmDialect? Dtm { get; } = new PostgresDtmDialect();
}
