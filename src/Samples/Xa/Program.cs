using System.Data.Common;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Samples;

const string Help = """
    A transfer between two databases that commit together or not at all: the databases prepare, the coordinator decides.

    usage: dotnet run --project src/Samples/Xa -- mysql|postgres CONNECTION_STRING

      mysql       MariaDB 10.5 or later, MySQL 8 or later
      postgres    PostgreSQL with max_prepared_transactions greater than 0

    The user must be allowed to create databases; two are made, and dropped at the end.
    """;
if (args is not ["mysql" or "postgres", _])
{
    Console.WriteLine(Help);
    return args is ["--help" or "-h"] ? 0 : 2;
}

return await Stage.Run("XA", async stage =>
{
    var (kind, server) = (args[0], args[1]);
    var suffix = Guid.NewGuid().ToString("N")[..12];
    var (north, south) = ($"xa_north_{suffix}", $"xa_south_{suffix}");
    await Execute(Connect(null), $"create database {north}", $"create database {south}");
    try
    {
        await Transfers(north, south);
    }
    finally
    {
        await Execute(Connect(null), $"drop database {north}", $"drop database {south}");
    }

    async Task Transfers(string from, string to)
    {
        foreach (var database in (string[])[from, to])
        {
            await Execute(
                Connect(database),
                "create table account (name varchar(40) primary key, balance bigint not null check (balance >= 0))",
                "insert into account (name, balance) values ('A', 100)");
            await using var connection = Connect(database);
            await BarrierSchema.CreateAsync(connection, Barrier, stage.Stop);
        }

        var (fromUrl, toUrl) = (await Serve(from), await Serve(to));
        var dtm = stage.Dtm();

        var done = await Transfer(30);
        stage.Check(done.Succeeded, "30 were transferred from the north to the south");
        await Expect(70, 130);

        try
        {
            await Transfer(1000);
            stage.Check(false, "the balance is below 1000, so the transfer must fail");
        }
        catch (BranchFailureException refusal)
        {
            stage.Check(true, $"the transfer of 1000 failed: {refusal.Reason}");
            var end = await dtm.WaitForEndAsync(refusal.Gid!, TimeSpan.FromSeconds(30), stage.Stop);
            stage.Check(end.Status == GlobalStatus.Failed, "and the prepared branch of the south was rolled back");
        }

        await Expect(70, 130);

        // To the south first, so that a prepared branch exists when the north fails.
        Task<TransactionResult> Transfer(long amount) => dtm.XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync($"{toUrl}/change", new Change("A", amount));
                await xa.CallBranchAsync($"{fromUrl}/change", new Change("A", -amount));
            },
            new TransOptions { WaitResult = true },
            stage.Stop);

        async Task Expect(long north, long south)
        {
            var (n, s) = (await Balance(from), await Balance(to));
            stage.Check((n, s) == (north, south), $"balances: north {n}, south {s}");
        }
    }

    Task<string> Serve(string database) => stage.Service(
        services => services.AddDtmClient(options => options.Barrier = Barrier).AddBranches(_ => Connect(database)),
        app => app.MapXaBranch("/change", async (Change change, LocalTransaction db) =>
        {
            var enough = await db.ScalarAsync<long>(
                $"select balance from account where name = {change.Account} for update") + change.Amount >= 0;
            if (!enough)
            {
                throw new BranchFailureException("the account has insufficient funds");
            }

            await db.ExecuteAsync(
                $"update account set balance = balance + {change.Amount} where name = {change.Account}");
        }));

    async Task<long> Balance(string database)
    {
        await using var connection = Connect(database);
        await connection.OpenAsync(stage.Stop);
        await using var command = connection.CreateCommand();
        command.CommandText = "select balance from account";
        return (long)(await command.ExecuteScalarAsync(stage.Stop))!;
    }

    DbConnection Connect(string? database) => kind == "mysql"
        ? new MySqlConnection(
            new MySqlConnectionStringBuilder(server) { Database = database ?? "", Pooling = false }.ConnectionString)
        : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server)
        {
            Database = database ?? "postgres",
            Pooling = false,
        }.ConnectionString);

    async Task Execute(DbConnection connection, params string[] statements)
    {
        await using var closing = connection;
        await connection.OpenAsync(stage.Stop);
        foreach (var statement in statements)
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this sample, and generated names.
            command.CommandText = statement;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(stage.Stop);
        }
    }
});

internal sealed record Change(string Account, long Amount);

internal static partial class Program
{
    /// <summary>The barrier table is in the same database as the accounts.</summary>
    public static BarrierOptions Barrier { get; } = new() { Table = "barrier" };
}
