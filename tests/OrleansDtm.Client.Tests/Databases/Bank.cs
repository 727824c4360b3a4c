using System.Data.Common;
using System.Globalization;
using Xunit;

namespace OrleansDtm.Client.Tests.Databases;

/// <summary>
/// A separate database with accounts 0 to 9, each with 1000, and the barrier table. It is dropped after the test.
/// </summary>
public abstract class Bank : IAsyncDisposable
{
    public const long Start = 1000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;


    /// <summary>The supported number of concurrent calls.</summary>
    public virtual int Parallel => 16;

    public abstract BarrierDialect Dialect { get; }

    /// <summary>Creates a closed connection of a pool.</summary>
    public abstract DbConnection Connect();

    /// <summary>SQL that limits waits for locks to one second; null = not supported.</summary>
    public abstract string? Impatience { get; }

    /// <summary>SQL that ends its own connection; null = not supported.</summary>
    public abstract string? Suicide { get; }

    public virtual async Task Create()
    {
        await Execute(
            "create table account (id int primary key, balance bigint not null, frozen bigint not null default 0)");
        await Execute("create table effect (gid varchar(128) not null, op varchar(20) not null)");
        for (var id = 0; id < 10; id++)
        {
            await Execute($"insert into account (id, balance) values ({id}, {Start})");
        }

        await using var connection = Connect();
        await BarrierSchema.CreateAsync(connection, cancellationToken: Cancel);
    }

    public async Task<long> Balance(int account = 0) => Convert.ToInt64(
        await Scalar($"select balance from account where id = {account}"), CultureInfo.InvariantCulture);

    /// <summary>
    /// Changes a balance within a transaction. Takes no cancellation token, so that the test determines where it stops.
    /// </summary>
    public static async Task Move(DbTransaction transaction, long amount, int account = 0) =>
        await Execute(
            transaction.Connection!,
            $"update account set balance = balance + ({amount}) where id = {account}",
            transaction);

    public static async Task Execute(DbConnection connection, string sql, DbTransaction? transaction = null)
    {
        await using var command = connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, sql);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    public async Task Execute(string sql)
    {
        await using var connection = Connect();
        await connection.OpenAsync(Cancel);
        await Execute(connection, sql);
    }

    public async Task<object?> Scalar(string sql)
    {
        await using var connection = Connect();
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Cancel);
    }

    /// <summary>
    /// Returns the rows as "trans_type gid branch_id op barrier_id reason", in the order of insertion.
    /// </summary>
    public async Task<List<string>> BarrierRows(string gid)
    {
        await using var connection = Connect();
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText =
            $"select trans_type, gid, branch_id, op, barrier_id, reason from {new BarrierOptions().TableIn(Dialect)} "
            + "where gid = @gid order by id";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@gid", gid);
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        var rows = new List<string>();
        while (await reader.ReadAsync(Cancel))
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, 6).Select(reader.GetString)));
        }

        return rows;
    }

    /// <summary>Returns the effects that the business of the race test recorded.</summary>
    public async Task<List<(string Gid, string Op)>> Effects()
    {
        await using var connection = Connect();
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select gid, op from effect";
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        var effects = new List<(string Gid, string Op)>();
        while (await reader.ReadAsync(Cancel))
        {
            effects.Add((reader.GetString(0), reader.GetString(1)));
        }

        return effects;
    }

    public abstract ValueTask DisposeAsync();
}
