using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tables;

/// <summary>A PostgreSQL with default settings, with strict settings, or behind a pooler.</summary>
public abstract class AnyPostgresClusterTablesTests<TServer>(DatabaseUnderTest<TServer> database)
    : ClusterTablesTests<TServer>(database)
    where TServer : DatabaseServer, new()
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

[Collection(SharedPostgres.Name)]
public sealed class PostgresClusterTablesTests(DatabaseUnderTest<PostgresServer> database)
    : AnyPostgresClusterTablesTests<PostgresServer>(database);

/// <summary>
/// The second of two writers must find another version, not a serialization error of its own snapshot.
/// </summary>
public sealed class StrictPostgresClusterTablesTests(DatabaseUnderTest<StrictPostgresServer> database)
    : AnyPostgresClusterTablesTests<StrictPostgresServer>(database),
        IClassFixture<DatabaseUnderTest<StrictPostgresServer>>;

public sealed class PgBouncerClusterTablesTests(DatabaseUnderTest<PgBouncerServer> database)
    : AnyPostgresClusterTablesTests<PgBouncerServer>(database), IClassFixture<DatabaseUnderTest<PgBouncerServer>>;

public sealed class StrictPostgresServer : PostgresServer
{
    protected override ProcessStartInfo ServerCommand()
    {
        var command = base.ServerCommand();
        foreach (var setting in (string[])
            [
                "default_transaction_isolation=serializable", "standard_conforming_strings=off",
                "timezone=Pacific/Kiritimati", "datestyle=German", "bytea_output=escape",
            ])
        {
            command.ArgumentList.Add("-c");
            command.ArgumentList.Add(setting);
        }

        return command;
    }
}
