using Microsoft.Data.Sqlite;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Samples;

// Try, confirm, cancel: money is reserved in both accounts first, and then moved or released.
return await Stage.Run("TCC", async stage =>
{
    var file = $"Data Source={Path.Combine(stage.Directory, "bank.db")};Pooling=False";
    await using (var connection = new SqliteConnection(file))
    {
        await connection.OpenAsync(stage.Stop);
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            create table account (name text primary key, balance integer not null, held integer not null default 0, coming integer not null default 0, open integer not null);
            insert into account (name, balance, open) values ('A', 100, 1), ('B', 100, 1), ('C', 100, 0);
            """;
        await command.ExecuteNonQueryAsync(stage.Stop);
        await BarrierSchema.CreateAsync(connection, cancellationToken: stage.Stop);
    }

    var bank = await stage.Service(
        services => services.AddBranches(_ => new SqliteConnection(file)),
        app =>
        {
            app.MapBranch("/out/try", (Move m, LocalTransaction db) =>
                Demand(db.ExecuteAsync($"""
                    update account set held = held + {m.Amount}
                    where name = {m.Account} and open = 1 and balance - held >= {m.Amount}
                    """)));
            app.MapBranch("/out/confirm", (Move m, LocalTransaction db) =>
                db.ExecuteAsync($"""
                    update account set held = held - {m.Amount}, balance = balance - {m.Amount}
                    where name = {m.Account}
                    """));
            app.MapBranch("/out/cancel", (Move m, LocalTransaction db) =>
                db.ExecuteAsync($"update account set held = held - {m.Amount} where name = {m.Account}"));
            app.MapBranch("/in/try", (Move m, LocalTransaction db) =>
                Demand(db.ExecuteAsync(
                    $"update account set coming = coming + {m.Amount} where name = {m.Account} and open = 1")));
            app.MapBranch("/in/confirm", (Move m, LocalTransaction db) =>
                db.ExecuteAsync($"""
                    update account set coming = coming - {m.Amount}, balance = balance + {m.Amount}
                    where name = {m.Account}
                    """));
            app.MapBranch("/in/cancel", (Move m, LocalTransaction db) =>
                db.ExecuteAsync($"update account set coming = coming - {m.Amount} where name = {m.Account}"));
        });
    var dtm = stage.Dtm();

    var done = await Transfer("A", "B", 30);
    stage.Check(done.Succeeded, "30 went from A to B");
    await Expect("A 70/0/0, B 130/0/0, C 100/0/0");

    var gid = "";
    try
    {
        await Transfer("A", "C", 30);
        stage.Check(false, "C is closed, so the transfer must fail");
    }
    catch (BranchFailureException refusal)
    {
        gid = refusal.Gid!;
        stage.Check(true, $"a transfer to C failed: {refusal.Reason}");
    }

    var end = await dtm.WaitForEndAsync(gid, TimeSpan.FromSeconds(30), stage.Stop);
    stage.Check(end.Status == GlobalStatus.Failed, $"it was cancelled: {end.Status}");
    await Expect("A 70/0/0, B 130/0/0, C 100/0/0");

    Task<TransactionResult> Transfer(string from, string to, long amount) => dtm.TccAsync(
        async tcc =>
        {
            await tcc.CallBranchAsync(
                $"{bank}/out/try", $"{bank}/out/confirm", $"{bank}/out/cancel", new Move(from, amount));
            await tcc.CallBranchAsync(
                $"{bank}/in/try", $"{bank}/in/confirm", $"{bank}/in/cancel", new Move(to, amount));
        },
        new TransOptions { WaitResult = true },
        stage.Stop);

    async Task Expect(string expected)
    {
        await using var connection = new SqliteConnection(file);
        await connection.OpenAsync(stage.Stop);
        await using var command = connection.CreateCommand();
        command.CommandText = "select group_concat(line, ', ') from (select name || ' ' || balance || '/' || held || "
            + "'/' || coming as line from account order by name)";
        var balances = (string)(await command.ExecuteScalarAsync(stage.Stop))!;
        stage.Check(balances == expected, $"balance/held/coming: {balances}");
    }

    static async Task Demand(Task<int> rows)
    {
        if (await rows == 0)
        {
            throw new BranchFailureException("the account is closed or has insufficient funds");
        }
    }
});

internal sealed record Move(string Account, long Amount);
