using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Client.Tests;

/// <summary>The C# of the README's section on .NET, between the marks, letter for letter.</summary>
internal static class ReadmeSnippets
{
    public static WebApplication Participant(string[] args)
    {
        // <participant>
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddBranches(_ => new SqliteConnection("Data Source=bank.db"));
        var app = builder.Build();
        app.MapBranch("/out", (Transfer t, LocalTransaction db) => db.ExecuteAsync($"update account set balance = balance - {t.Amount} where name = {t.From}"));
        app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => db.ExecuteAsync($"update account set balance = balance + {t.Amount} where name = {t.From}"));
        // </participant>
        return app;
    }

    public static async Task<TransactionResult> Initiator(IDtm dtm, string bank, string shop, Transfer transfer)
    {
        // <saga>
        TransactionResult result = await dtm.Saga()
            .Step($"{bank}/out", $"{bank}/out-undo", transfer)
            .Step($"{shop}/pay", $"{shop}/pay-undo", transfer)
            .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
        if (!result.Succeeded)
        {
            Console.WriteLine($"{result.Status}: {result.RollbackReason}");
        }
        // </saga>
        return result;
    }

    public static async Task Others(IDtm dtm, string bank, string shop, string stock, DbConnection connection, Transfer transfer)
    {
        // <others>
        // TCC: reserve everywhere, then use what was reserved; when anything throws, everything is released.
        await dtm.TccAsync(async tcc =>
        {
            await tcc.CallBranchAsync($"{bank}/try", $"{bank}/confirm", $"{bank}/cancel", transfer);
            await tcc.CallBranchAsync($"{shop}/try", $"{shop}/confirm", $"{shop}/cancel", transfer);
        });

        // The outbox: tell others if, and only if, the local transaction commits, whenever this process dies.
        await dtm.Msg(new MsgOptions { RetryInterval = TimeSpan.FromSeconds(5) })
            .Step($"{stock}/ordered", transfer)
            .DoAndSubmitAsync($"{shop}/was-it-ordered", connection, async local =>
            {
                await using var insert = connection.CreateCommand();
                insert.Transaction = local;
                insert.CommandText = "insert into orders (item) values ('book')";
                await insert.ExecuteNonQueryAsync();
            });
        // </others>
    }

    internal sealed record Transfer(string From, string To, long Amount);
}
