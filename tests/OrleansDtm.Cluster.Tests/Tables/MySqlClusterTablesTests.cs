using System.Data.Common;
using MySqlConnector;
using OrleansDtm.Tests.Databases;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tables;

[Collection(SharedMariaDb.Name)]
public sealed class MySqlClusterTablesTests(DatabaseUnderTest<MariaDbServer> database) : ClusterTablesTests<MariaDbServer>(database)
{
    protected override string Invariant => "MySql.Data.MySqlConnector";

    protected override DbConnection Connect(string connectionString) => new MySqlConnection(connectionString);

    protected override string RestrictedUser(string name) =>
        $"create user if not exists 'limited'@'%'; grant select, insert, update, delete on {name}.* to 'limited'@'%'";

    protected override string Restricted(string connectionString) =>
        new MySqlConnectionStringBuilder(connectionString) { UserID = "limited" }.ConnectionString;
}
