using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Servers, databases and roles with unusual settings: everything works, and acknowledged writes are durable. A new
/// setting is one line: "name = value" of the database, "encoding ..." of its creation, ";Name=value" of the connection
/// string.
/// </summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresMatrixTests(DatabaseUnderTest<PostgresServer> database)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("default_transaction_isolation = 'serializable'")]
    [InlineData("default_transaction_isolation = 'repeatable read'")]
    [InlineData("default_transaction_isolation = 'read uncommitted'")]
    [InlineData("default_transaction_deferrable = on")]
    [InlineData("synchronous_commit = off")]
    [InlineData("standard_conforming_strings = off")]
    [InlineData("backslash_quote = off")]
    [InlineData("escape_string_warning = off")]
    [InlineData("bytea_output = 'escape'")]
    [InlineData("timezone = 'Pacific/Kiritimati'")]
    [InlineData("datestyle = 'German, DMY'")]
    [InlineData("intervalstyle = 'iso_8601'")]
    [InlineData("extra_float_digits = -15")]
    [InlineData("client_encoding = 'LATIN1'")]
    [InlineData("search_path = elsewhere, public")]
    [InlineData("search_path = 'No such', public")]
    [InlineData("statement_timeout = '2s'")]
    [InlineData("lock_timeout = '1s'")]
    [InlineData("idle_in_transaction_session_timeout = '1s'")]
    [InlineData("default_toast_compression = 'pglz'")]
    [InlineData("row_security = off")]
    [InlineData("array_nulls = off")]
    [InlineData("transform_null_equals = on")]
    [InlineData("quote_all_identifiers = on")]
    [InlineData("plan_cache_mode = 'force_custom_plan'")]
    [InlineData("enable_indexscan = off")]
    [InlineData("jit_above_cost = 0")]
    [InlineData("client_min_messages = 'debug1'")]
    [InlineData("session_replication_role = 'replica'")]
    [InlineData("check_function_bodies = off")]
    [InlineData("encoding 'SQL_ASCII'")]
    [InlineData("encoding 'LATIN1'")]
    [InlineData("encoding 'EUC_JP'")]
    [InlineData("encoding 'UTF8' icu_locale 'tr' locale_provider icu")]
    [InlineData(";Max Auto Prepare=0;No Reset On Close=true")]
    [InlineData(";Pooling=false")]
    [InlineData(";Multiplexing=true")]
    [InlineData(";Minimum Pool Size=20")]
    [InlineData(";MaxPoolSize=1")]
    [InlineData(";Maximum Pool Size=2;No Reset On Close=false")]
    [InlineData(";Options=-c default_transaction_isolation=serializable -c synchronous_commit=off")]
    [InlineData(";Server Compatibility Mode=NoTypeLoading")]
    [InlineData(";Include Error Detail=true;Log Parameters=true;Persist Security Info=true")]
    [InlineData(";Command Timeout=0;Timeout=0")]
    public async Task Works(string setting)
    {
        var place = new NpgsqlConnectionStringBuilder(database.NewDatabase());
        await Admin(
            "postgres",
            $"create database {place.Database}" + (setting.StartsWith("encoding", StringComparison.Ordinal)
                ? $" template template0 lc_collate 'C' lc_ctype 'C' {setting}"
                : ""));
        await Admin(place.Database!, "create schema elsewhere");
        if (setting.Contains(" = ", StringComparison.Ordinal))
        {
            await Admin(place.Database!, $"alter database {place.Database} set {setting}");
        }

        var options = new ServerStoreOptions
        {
            ConnectionString = place.ConnectionString + (setting[0] == ';' ? setting : ""),
        };
        await using var store = StoreDrivers.Postgres.Create(
            options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
        await store.Start(Cancel);
        await Admin(place.Database!, WatchSql);
        await StoreRound.Run(store, Cancel);
        Assert.Equal(
            "dtm_kv on read committed, dtm_transaction on read committed", await Admin(place.Database!, SeenSql));
    }

    /// <summary>All settings at once, for the whole coordinator: a saga, a delayed message, a topic.</summary>
    [Fact]
    public async Task A_coordinator_works_on_a_server_where_all_is_different()
    {
        var place = new NpgsqlConnectionStringBuilder(database.NewDatabase());
        await Admin(
            "postgres",
            $"create database {place.Database} template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'");
        foreach (var setting in (string[])
            [
                "default_transaction_isolation = 'serializable'", "standard_conforming_strings = off",
                "timezone = 'Pacific/Kiritimati'", "datestyle = 'German'", "bytea_output = 'escape'",
                "synchronous_commit = off", "idle_in_transaction_session_timeout = '1s'",
            ])
        {
            await Admin(place.Database!, $"alter database {place.Database} set {setting}");
        }

        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel,
            ("STORE_DRIVER", "postgres"),
            ("STORE_CONNECTION_STRING", place.ConnectionString),
            ("STORE_PATH", ""));
        await CoordinatorRound.Run(server, busi, Cancel);
    }

    /// <summary>Records the durability and isolation level under which each row is written.</summary>
    private const string WatchSql =
        """
        set search_path = public, elsewhere;
        create table public.seen (what text);
        create function public.note() returns trigger language plpgsql as $$ begin
            insert into public.seen values (tg_table_name || ' ' || current_setting('synchronous_commit') || ' ' || current_setting('transaction_isolation'));
            return null;
        end $$;
        create trigger note after insert or update on dtm_transaction for each row when (pg_trigger_depth() = 0) execute function public.note();
        create trigger note after insert or update or delete on dtm_kv for each row when (pg_trigger_depth() = 0) execute function public.note();
        alter table dtm_transaction enable always trigger note;
        alter table dtm_kv enable always trigger note;
        """;

    /// <summary>Deletions by retention are not recorded: they may be lost, because they are repeated.</summary>
    private const string SeenSql = "select string_agg(distinct what, ', ' order by what) from public.seen";

    private async Task<object?> Admin(string name, string sql)
    {
        await using var connection = new NpgsqlConnection(database.Server.ConnectionString(name) + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Cancel);
    }
}
