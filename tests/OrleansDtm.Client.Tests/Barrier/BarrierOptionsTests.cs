using System.Data.Common;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using Npgsql;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>The options that become part of SQL, and the choice of the SQL dialect.</summary>
public sealed class BarrierOptionsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a;drop table x")]
    [InlineData("a.b.c.d")]
    [InlineData("a..b")]
    [InlineData("1a")]
    [InlineData("a'b")]
    [InlineData("`a`")]
    [InlineData("a\n")]
    [InlineData("a--")]
    public void A_table_is_made_of_names_and_nothing_else(string table) =>
        Assert.Contains(
            table,
            Assert.Throws<ArgumentException>(() => new BarrierOptions { Table = table }).Message,
            StringComparison.Ordinal);

    [Fact]
    public void The_dialect_is_that_of_the_connection_or_of_the_option()
    {
        var options = new BarrierOptions();
        Assert.Equal(BarrierDialect.MySql, options.DialectOf(new MySqlConnection()));
        Assert.Equal(BarrierDialect.PostgreSql, options.DialectOf(new NpgsqlConnection()));
        Assert.Equal(BarrierDialect.Sqlite, options.DialectOf(new Wrapped()));
        Assert.Equal(
            BarrierDialect.SqlServer,
            new BarrierOptions { Dialect = BarrierDialect.SqlServer }.DialectOf(new NpgsqlConnection()));
    }

    [Theory]
    [InlineData("gid", 129, 2, 6)]
    [InlineData("branch_id", 10, 129, 6)]
    [InlineData("op", 10, 2, 46)]
    [InlineData("gid", 0, 2, 6)]
    public void What_a_column_would_cut_is_refused(string part, int gid, int branch, int op)
    {
        var context = new BranchContext("saga", new string('g', gid), new string('b', branch), new string('o', op));
        Assert.StartsWith(
            $"{part} must have 1 to",
            Assert.Throws<ArgumentException>(() => new BranchBarrier(context)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BarrierDialect.MySql, null, "dtm_barrier.barrier (", "create database if not exists dtm_barrier;")]
    [InlineData(BarrierDialect.MySql, "barrier", "exists barrier (", null)]
    [InlineData(BarrierDialect.PostgreSql, "shop.gate", "exists shop.gate (", "create schema if not exists shop;")]
    [InlineData(
        BarrierDialect.SqlServer, null, "create table dtm_barrier.barrier (", "if schema_id('dtm_barrier') is null")]
    [InlineData(
        BarrierDialect.SqlServer,
        "shop.gate",
        "create table shop.gate (",
        "if schema_id('shop') is null exec('create schema shop');")]
    [InlineData(BarrierDialect.SqlServer, "dtm_barrier.dbo.barrier", "create table dtm_barrier.dbo.barrier (", null)]
    [InlineData(BarrierDialect.Sqlite, "gate", "exists gate (", null)]
    public void The_script_names_the_table_and_its_schema(
        BarrierDialect dialect, string? table, string creates, string? schema)
    {
        var script = string.Join('\n', BarrierSchema.Script(dialect, table)
            .Split('\n')
            .Where(static line => !line.StartsWith("--", StringComparison.Ordinal)));
        Assert.Contains(creates, script, StringComparison.Ordinal);
        Assert.Equal(schema is not null, script.Contains("create schema", StringComparison.Ordinal)
            || script.Contains("create database", StringComparison.Ordinal));
        Assert.Contains(schema ?? "", script, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_connection_asks_for_the_option()
    {
        using var connection = new Unknown();
        Assert.Contains(
            "Dialect",
            Assert.Throws<NotSupportedException>(() => new BarrierOptions().DialectOf(connection)).Message,
            StringComparison.Ordinal);
    }

    private sealed class Wrapped : SqliteConnection;

    private sealed class Unknown : DbConnection
    {
        [System.Diagnostics.CodeAnalysis.AllowNull]
        public override string ConnectionString { get; set; } = "";

        public override string Database => "";

        public override string DataSource => "";

        public override string ServerVersion => "";

        public override System.Data.ConnectionState State => System.Data.ConnectionState.Closed;

        public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

        public override void Close() => throw new NotSupportedException();

        public override void Open() => throw new NotSupportedException();

        protected override DbTransaction BeginDbTransaction(System.Data.IsolationLevel isolationLevel) =>
            throw new NotSupportedException();

        protected override DbCommand CreateDbCommand() => throw new NotSupportedException();
    }
}
