using System.Data.Common;
using Npgsql;
using OrleansDtm.Tests.Databases;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tables;

[Collection(SharedPostgres.Name)]
public sealed class PostgresClusterTablesTests(DatabaseUnderTest<PostgresServer> database) : ClusterTablesTests<PostgresServer>(database)
{
    protected override string Invariant => "Npgsql";

    protected override DbConnection Connect(string connectionString) => new NpgsqlConnection(connectionString);

    protected override string RestrictedUser(string name) =>
        """
        do $$ begin create role limited login; exception when duplicate_object then null; end $$;
        revoke create on schema public from public;
        grant usage on schema public to limited;
        grant select, insert, update, delete on all tables in schema public to limited;
        """;

    protected override string Restricted(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Username = "limited" }.ConnectionString;
}
