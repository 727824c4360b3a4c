using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

internal sealed class MySqlDriver() : ServerDriver(static () => new MySqlDialect())
{
    public override IReadOnlyList<string> Aliases => ["mariadb"];

    public override DtmDialect? Dtm { get; } = new MySqlDtmDialect();

    private protected override string TableOptions => " engine = InnoDB";

    private protected override string? EndOfStep => "commit; -- The session may have started without autocommit.";
}
