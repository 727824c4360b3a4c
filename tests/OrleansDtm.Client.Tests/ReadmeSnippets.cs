using System.Data.Common;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client.Tests;

/// <summary>C# of the READMEs, between the marks, letter for letter.</summary>
internal static class ReadmeSnippets
{
    public static async Task<TransactionResult> First(IServiceCollection services, IDtm dtm, string bank, string shop, Transfer transfer)
    {
        // <first>
        services.AddDtmClient(dtm => dtm.Server = new Uri("http://localhost:36789"));

        // Where IDtm is at hand: what to do, how to compensate it, and with what data.
        TransactionResult result = await dtm.Saga()
            .Step($"{bank}/out", $"{bank}/out-undo", transfer)
            .Step($"{shop}/in", $"{shop}/in-undo", transfer)
            .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
        // </first>
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

    public static async Task<WorkflowResult> Workflows(IServiceCollection services, IDtm dtm, string bank, string shop, Transfer transfer)
    {
        // <workflow>
        // A workflow: code that goes on where it was, in any instance of the application, when the process that ran it has died.
        services.AddDtmClient(o => o.WorkflowCallback = "http://bank:5000/workflows"); // app.MapWorkflows("/workflows") is there
        services.AddWorkflow<Transfer, string>("transfer", async (workflow, t) =>
        {
            // A branch: how to compensate it, then the call. The call is made once. When the code runs again, its record answers.
            await workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{bank}/out-undo", t))
                .Http.PostAsJsonAsync($"{bank}/out", t);
            await workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{shop}/in-undo", t))
                .Http.PostAsJsonAsync($"{shop}/in", t);

            // What is not the same every time is a step too.
            return await workflow.DoAsync(step => Task.FromResult(Guid.NewGuid().ToString()));
        });

        // Where IDtm is at hand:
        WorkflowResult result = await dtm.WorkflowAsync("transfer", transfer);
        // </workflow>
        return result;
    }

    internal sealed record Transfer(string From, string To, long Amount);
}
