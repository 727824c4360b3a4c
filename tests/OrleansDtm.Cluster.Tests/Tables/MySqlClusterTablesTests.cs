using System.Data.Common;
using MySqlConnector;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tables;

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbClusterTablesTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectClusterTablesTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class MySqlClusterTablesTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectClusterTablesTests<MySqlServer>(database);

public abstract class MySqlDialectClusterTablesTests<TServer>(DatabaseUnderTest<TServer> database)
    : ClusterTablesTests<TServer>(database)
    where TServer : DatabaseServer, new()
{
    protected override string Invariant => "MySql.Data.MySqlConnector";

    protected override DbConnection Connect(string connectionString) => new MySqlConnection(connectionString);

    protected override string RestrictedUser(string name) =>
        $"create user if not exists 'limited'@'%'; grant select, insert, update, delete on {name}.* to 'limited'@'%'";

    protected override string Restricted(string connectionString) =>
        new MySqlConnectionStringBuilder(connectionString) { UserID = "limited" }.ConnectionString;
}
