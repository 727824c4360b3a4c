using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Workflows;

/// <summary>Workflows without interruption: calls, recorded steps, commit and rollback.</summary>
public sealed class WorkflowTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private readonly List<string> _log = [];
    private Participant _bank = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_workflow_that_comes_through_returns_its_result_and_tells_participants_who_calls()
    {
        _bank.On("/out", new Reply(200, """{"balance":70}"""));
        await using var app = await Start<Transfer, Receipt>(async (workflow, transfer) =>
        {
            var number = await workflow.DoAsync(_ => Task.FromResult(42));
            var answer = await workflow.NewBranch()
                .OnRollback(step => step.Http.PostAsJsonAsync(Bank("out-undo"), transfer, step.CancellationToken))
                    .Http
                .PostAsJsonAsync(Bank("out?x=1"), transfer, workflow.CancellationToken);
            var left = await answer.Content.ReadFromJsonAsync<Account>(workflow.CancellationToken);
            await workflow.Http.GetAsync(Bank("in"), workflow.CancellationToken);
            return new Receipt(number, left!.Balance);
        });

        var result = await app.Dtm.WorkflowAsync("test", new Transfer("A", 30), cancellationToken: Cancel);

        Assert.Equal(
            (GlobalStatus.Succeeded, new Receipt(42, 70)), (result.Status, result.EnsureSucceeded().Read<Receipt>()));
        Assert.Equal(
            [("/out", "02", "action", "POST"), ("/in", "03", "action", "GET")],
            _bank.Calls.Select(call => (call.Path, call.Branch, call.Op, call.Method)));
        Assert.Equal(
            (result.Gid, "workflow", "1"),
            (_bank.Calls[0].Gid, _bank.Calls[0].Query["trans_type"], _bank.Calls[0].Query["x"]));
        Assert.Equal(
            new Transfer("A", 30),
            JsonSerializer.Deserialize<Transfer>(_bank.Calls[0].Body, new DtmOptions().Json));
        var info = await app.Dtm.QueryAsync(result.Gid, Cancel);
        Assert.Equal((GlobalStatus.Succeeded, "workflow"), (info!.Status, info.TransType));
        Assert.Equal(
            ["01 action succeed", "02 action succeed", "03 action succeed"],
            info.Branches.Select(b => $"{b.BranchId} {b.Op} {b.Status}"));
    }

    [Fact]
    public async Task One_that_is_refused_is_rolled_back_in_reverse_and_the_branch_that_refused_is_left_out()
    {
        _bank.On("/in", Reply.Refusal);
        await using var app = await Start<Transfer>((workflow, transfer) => Move(workflow, transfer));

        var result = await app.Dtm.WorkflowAsync("test", new Transfer("A", 30), cancellationToken: Cancel);

        Assert.Equal((GlobalStatus.Failed, false), (result.Status, result.Succeeded));
        Assert.Contains("balance too low", result.RollbackReason, StringComparison.Ordinal);
        Assert.Equal(
            [
                ("/check", "01", "action"),
                ("/out", "02", "action"),
                ("/in", "03", "action"),
                ("/out-undo", "02", "rollback"),
                ("/check-undo", "01", "rollback"),
            ],
            _bank.Calls.Select(call => (call.Path, call.Branch, call.Op)));
        var error = Assert.Throws<TransactionFailedException>(result.EnsureSucceeded);
        Assert.Equal((result.Gid, GlobalStatus.Failed, result.RollbackReason), (error.Gid, error.Status, error.Reason));
        var info = await app.Dtm.QueryAsync(result.Gid, Cancel);
        Assert.Equal((GlobalStatus.Failed, result.RollbackReason), (info!.Status, info.RollbackReason));
    }

    [Fact]
    public async Task A_branch_that_refused_is_compensated_too_where_that_is_asked_for()
    {
        _bank.On("/in", Reply.Refusal);
        await using var app = await Start<Transfer>(
            (workflow, transfer) => Move(workflow, transfer), settings => settings.CompensateFailedBranch = true);

        Assert.False((await app.Dtm.WorkflowAsync("test", new Transfer("A", 30), cancellationToken: Cancel)).Succeeded);

        Assert.Equal(["/check", "/out", "/in", "/in-undo", "/out-undo", "/check-undo"], _bank.Paths);
    }

    [Fact]
    public async Task Hooks_of_the_commit_run_in_reverse_and_those_of_the_rollback_do_not()
    {
        await using var app = await Start<int>(async (workflow, _) =>
        {
            workflow.OnFinish((_, rolledBack) => Log($"finish {rolledBack}"));
            foreach (var name in (string[])["a", "b"])
            {
                await workflow.NewBranch()
                    .OnCommit(step => Log($"confirm {name} {step.Context.BranchId} {step.Context.Op}"))
                    .OnRollback(_ => Log($"cancel {name}"))
                    .DoAsync(_ => Log($"try {name}"));
            }
        });

        Assert.True((await app.Dtm.WorkflowAsync("test", 0, cancellationToken: Cancel)).Succeeded);

        Assert.Equal(["try a", "try b", "confirm b 03 commit", "confirm a 02 commit", "finish False"], _log);
    }

    [Fact]
    public async Task The_result_itself_is_returned_and_a_rollback_is_then_an_exception()
    {
        await using var app = await Start<Transfer, Receipt>(static async (workflow, transfer) =>
        {
            await workflow.DoAsync(_ => transfer.Amount > 0
                ? Task.CompletedTask
                : throw new BranchFailureException("nothing to move"));
            return new Receipt(7, transfer.Amount);
        });

        Assert.Equal(
            new Receipt(7, 30),
            await app.Dtm.WorkflowAsync<Transfer, Receipt>("test", new Transfer("A", 30), cancellationToken: Cancel));
        var failed = await Assert.ThrowsAsync<TransactionFailedException>(
            () => app.Dtm.WorkflowAsync<Transfer, Receipt>("test", new Transfer("A", 0), cancellationToken: Cancel));
        Assert.Contains("nothing to move", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Branches_side_by_side_are_all_over_before_anything_is_rolled_back()
    {
        var gate = new Gate();
        _bank.On("/slow", Reply.Success.After(gate));
        _bank.On("/in", Reply.Refusal);
        await using var app = await Start<int>(async (workflow, _) =>
        {
            var nobodyWaits = workflow.NewBranch()
                .OnRollback(step => step.Http.GetAsync(Bank("slow-undo"))).Http
                .GetAsync(Bank("slow"));
            var refused = workflow.Http.GetAsync(Bank("in"));
            try
            {
                await refused;
            }
            finally
            {
                Assert.False(nobodyWaits.IsCompleted);
                gate.Open();
            }
        });

        Assert.False((await app.Dtm.WorkflowAsync("test", 0, cancellationToken: Cancel)).Succeeded);

        Assert.Equal("/slow-undo", _bank.Paths.Last());
        Assert.Equal(["/in", "/slow", "/slow-undo"], _bank.Paths.Order());
    }

    [Fact]
    public async Task Bytes_that_are_no_text_stay_as_they_are_everywhere()
    {
        var bytes = Enumerable.Range(0, 512).Select(i => (byte)i).ToArray();
        var textLikeOurs = "data:application/octet-stream;base64,AAAA"u8.ToArray();
        List<byte[]> seen = [];
        var crashed = false;
        await using var app = await WorkflowApp.Start(
            coordinator.Url,
            services => services.AddWorkflow<byte[], byte[]>("test", async (workflow, input) =>
            {
                seen.Add(input);
                seen.Add(await workflow.DoAsync(_ => Task.FromResult(bytes)));
                seen.Add(await workflow.Http.GetByteArrayAsync(
                    workflow.Services.GetRequiredService<Lazy<string>>().Value + "/bytes"));
                seen.Add(await workflow.DoAsync(_ => Task.FromResult(textLikeOurs)));
                if (!crashed)
                {
                    crashed = true;
                    throw new InvalidOperationException("crash");
                }

                return bytes;
            }).AddSingleton(new Lazy<string>(() => _bytesUrl)),
            map: web => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(
                web, "/bytes", () => Microsoft.AspNetCore.Http.TypedResults.Bytes(bytes)));
        _bytesUrl = app.Url;
        var gid = Guid.NewGuid().ToString("N");

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.Dtm.WorkflowAsync("test", bytes, new TransOptions { Gid = gid }, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Succeeded);
        var result = await app.Dtm.WorkflowAsync<byte[]>("test", [], new TransOptions { Gid = gid }, Cancel);

        Assert.Equal(bytes, result.Data.ToArray());
        Assert.Equal(bytes, result.Read<byte[]>());
        Assert.Equal(8, seen.Count); // Four values in each run: the first run crashes, the second one reads the record.
        Assert.All([0, 1, 2, 4, 5, 6], i => Assert.Equal(bytes, seen[i]));
        Assert.All([3, 7], i => Assert.Equal(textLikeOurs, seen[i]));
    }

    [Fact]
    public async Task What_answers_and_exceptions_mean_can_be_said()
    {
        _bank.On("/teapot", new Reply(418, """{"message":"short and stout"}"""));
        var failing = 0;
        await using var app = await WorkflowApp.Start(coordinator.Url, services => services
            .AddWorkflow<int>(
                "teapot",
                (workflow, _) => workflow.Http.GetAsync(Bank("teapot")),
                settings =>
                    settings.HttpOutcome = (answer, _) => (int)answer.StatusCode == 418 ? BranchOutcome.Failure : null)
            .AddWorkflow<int>(
                "business",
                (workflow, _) => workflow.DoAsync(
                    _ => ++failing == 1 ? throw new TimeoutException("later") : throw new ArgumentException("never")),
                settings => settings.ErrorOutcome = e => e switch
                {
                    TimeoutException => BranchOutcome.Ongoing,
                    ArgumentException => BranchOutcome.Failure,
                    _ => null,
                }));

        Assert.Equal(
            "short and stout", (await app.Dtm.WorkflowAsync("teapot", 0, cancellationToken: Cancel)).RollbackReason);
        var gid = Guid.NewGuid().ToString("N");
        var ongoing = await Assert.ThrowsAsync<BranchOngoingException>(
            () => app.Dtm.WorkflowAsync("business", 0, new TransOptions { Gid = gid }, Cancel));
        Assert.Equal((gid, "later"), (ongoing.Gid, ongoing.Reason));
        Assert.Equal((GlobalStatus.Failed, "never"), await Ends(app, gid));
    }

    [Fact]
    public async Task Handlers_of_a_named_client_are_around_the_call_and_its_settings_count()
    {
        await using var app = await WorkflowApp.Start(coordinator.Url, services =>
        {
            services.AddHttpClient("bank", http =>
            {
                http.BaseAddress = new Uri(_bank.Url + "/base/");
                http.DefaultRequestHeaders.Add("X-Tenant", "north");
            });
            services.AddWorkflow<int>(
                "test", async (workflow, _) => await workflow.NewBranch().CreateHttp("bank").GetAsync("in"));
        });

        Assert.True((await app.Dtm.WorkflowAsync("test", 0, cancellationToken: Cancel)).Succeeded);

        var call = Assert.Single(_bank.Calls);
        Assert.Equal(("/base/in", "north", "01"), (call.Path, call.Headers["X-Tenant"], call.Branch));
    }

    public async ValueTask InitializeAsync() => _bank = await Participant.Start();

    public ValueTask DisposeAsync() => _bank.DisposeAsync();

    private static async Task<(GlobalStatus, string)> Ends(WorkflowApp app, string gid)
    {
        var end = await app.Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel);
        return (end.Status, end.RollbackReason);
    }

    private async Task Move(Workflow workflow, Transfer transfer)
    {
        foreach (var what in (string[])["check", "out", "in"])
        {
            await workflow.NewBranch().OnRollback(step => step.Http.PostAsJsonAsync(Bank(what + "-undo"), transfer))
                .Http.PostAsJsonAsync(Bank(what), transfer);
        }
    }

    private Task<WorkflowApp> Start<TInput, TResult>(Func<Workflow, TInput, Task<TResult>> code) =>
        WorkflowApp.Start(coordinator.Url, services => services.AddWorkflow("test", code));

    private Task<WorkflowApp> Start<TInput>(
        Func<Workflow, TInput, Task> code, Action<WorkflowSettings>? configure = null) =>
        WorkflowApp.Start(coordinator.Url, services => services.AddWorkflow("test", code, configure));

    private Task Log(string what)
    {
        _log.Add(what);
        return Task.CompletedTask;
    }

    private string _bytesUrl = "";

    private string Bank(string path) => $"{_bank.Url}/{path}";

    private sealed record Transfer(string Account, int Amount);

    private sealed record Account(int Balance);

    private sealed record Receipt(int Number, int Balance);
}
