using System.Data.Common;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client.Tests;

/// <summary>
/// The C# of the READMEs, between the marks. ReadmeTests compares it with them character by character.
/// </summary>
internal static class ReadmeSnippets
{
    public static async Task<TransactionResult> First(
        IServiceCollection services, IDtm dtm, string bank, string shop, Transfer transfer)
    {
        // <first>
        services.AddDtmClient(dtm => dtm.Server = new Uri("http://localhost:36789"));

        // With an injected IDtm. Each step has an action, its compensation and the payload of both.
        TransactionResult result = await dtm.Saga()
            .Step($"{bank}/out", $"{bank}/out-undo", transfer)
            .Step($"{shop}/in", $"{shop}/in-undo", transfer)
            .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
        // </first>
        return result;
    }

    public static async Task Others(
        IDtm dtm, string bank, string shop, string stock, DbConnection connection, Transfer transfer)
    {
        // <others>
        // TCC: the tries reserve. If all succeed, the confirms run; if one throws, the cancels run.
        await dtm.TccAsync(async tcc =>
        {
            await tcc.CallBranchAsync($"{bank}/try", $"{bank}/confirm", $"{bank}/cancel", transfer);
            await tcc.CallBranchAsync($"{shop}/try", $"{shop}/confirm", $"{shop}/cancel", transfer);
        });

        // The outbox: the message is sent if and only if the local transaction commits, even if this process crashes.
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

    public static async Task Policies(IDtm dtm, string bank, Transfer transfer)
    {
        // <policies>
        // With OrleansDtm. The payment is tried three times; its refund is put aside after ten errors in a row, and
        // waits for an operator (retryBranch, resolveBranch, or the admin page) instead of being retried for ever.
        await dtm.Saga()
            .Step($"{bank}/out", $"{bank}/out-undo", transfer)
            .WithPolicy(
                new StepPolicy { RetryLimit = 2, RetryBackoff = RetryBackoff.Constant },
                compensate: new StepPolicy { GiveUpAfter = 10 })
            .SubmitAsync();
        // </policies>
    }

    public static async Task<string> Results(IDtm dtm, string flights, string bank, string card)
    {
        // <results>
        // With OrleansDtm. The coordinator passes the price that the flight answered to the payment, and the id of the
        // reservation to its cancellation.
        TransactionResult booked = await dtm.Saga()
            .Step($"{flights}/book", $"{flights}/cancel", new { seats = 1 })
            .Returns<Reservation>(out var flight)
            .CompensateWithResultOf(flight, r => r.Id)          // {"seats":1,"id":...}, null if it was not booked
            .Step($"{bank}/pay", $"{bank}/refund", new { card })
            .WithResultOf(flight, r => r.Price, "amount")       // {"card":...,"amount":...}
            .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
        string reservation = flight.In(booked.EnsureSucceeded())!.Id;
        // </results>
        return reservation;
    }

    private sealed record Reservation(string Id, decimal Price);

    public static async Task<WorkflowResult> Workflows(
        IServiceCollection services, IDtm dtm, string bank, string shop, Transfer transfer)
    {
        // <workflow>
        // A workflow resumes after a crash where it stopped, in any instance of the application.
        // Served by app.MapWorkflows("/workflows")
        services.AddDtmClient(o => o.WorkflowCallback = "http://bank:5000/workflows");
        services.AddWorkflow<Transfer, string>("transfer", async (workflow, t) =>
        {
            // A branch: its compensation, then the call. A recorded call is not repeated when the code runs again.
            await workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{bank}/out-undo", t))
                .Http.PostAsJsonAsync($"{bank}/out", t);
            await workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync($"{shop}/in-undo", t))
                .Http.PostAsJsonAsync($"{shop}/in", t);

            // Code whose result differs each time must be a step too.
            return await workflow.DoAsync(step => Task.FromResult(Guid.NewGuid().ToString()));
        });

        // With an injected IDtm:
        WorkflowResult result = await dtm.WorkflowAsync("transfer", transfer);
        // </workflow>
        return result;
    }

    internal sealed record Transfer(string From, string To, long Amount);
}
