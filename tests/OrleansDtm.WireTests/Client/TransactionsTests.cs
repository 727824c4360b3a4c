using OrleansDtm.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>The typed API of Orleans clients: each operation against a coordinator in a silo.</summary>
public sealed class TransactionsTests
{
    private const string Bank = "http://bank/";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saga_with_all_its_options_is_stored_as_it_was_described()
    {
        await using var cluster = await Coordinated.Start();
        var saga = new SagaTransaction
        {
            Gid = "saga-1",
            Concurrent = true,
            RetryLimit = 3,
            TimeoutToFail = TimeSpan.FromMinutes(1),
            RetryInterval = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(4),
            BranchHeaders = new Dictionary<string, string> { ["x-a"] = "1" },
            CallbackUrl = Bank + "told",
        }
            .Step(Bank + "a0", Bank + "c0", new byte[] { 0, 255 })
            .Step(Bank + "a1", "", new Money(1, "EUR"))
            .Order(1, 0);
        Assert.True((await cluster.Run(saga)).Succeeded);

        var definition = (await cluster.Store.Load("saga-1", Cancel))!.Transaction.Definition;
        var options = definition.Options;
        Assert.Equal((true, 3), (options.Concurrent, options.RetryLimit));
        Assert.Equal([0], options.Orders[1]);
        Assert.Equal((1, 2, 4), (
            options.TimeoutToFail.TotalMinutes,
            options.RetryInterval.TotalSeconds,
            options.RequestTimeout.TotalSeconds));
        Assert.Equal(
            (Bank + "told", "1", "http"), (definition.NoticeUrl, definition.BranchHeaders["x-a"], definition.Protocol));
        var info = (await cluster.Transactions.Query("saga-1", Cancel))!;
        Assert.Equal(("saga-1", "saga", GlobalStatus.Succeeded), (info.Gid, info.Type, info.Status));
        Assert.NotNull(info.Finished);
        Assert.Equal(["compensate", "action", "compensate", "action"], info.Branches.Select(static b => b.Op));
        Assert.Equal([0, 255], info.Branches[1].Payload);
        Assert.Equal("""{"amount":1,"currency":"EUR"}"""u8, info.Branches[3].Payload);
    }

    [Fact]
    public async Task What_is_not_said_gets_the_coordinators_defaults()
    {
        await using var cluster = await Coordinated.Start(
            configure: static options => options.Requests.RetryInterval = TimeSpan.FromSeconds(7));
        await cluster.Transactions.Submit(new SagaTransaction { Gid = "g1" }.Step("", ""), cancellationToken: Cancel);

        var options = (await cluster.Store.Load("g1", Cancel))!.Transaction.Definition.Options;
        Assert.Equal(
            (TimeSpan.Zero, TimeSpan.FromSeconds(7), TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(3)),
            (options.TimeoutToFail, options.RetryInterval, options.RetryIntervalMax, options.RequestTimeout));
    }

    [Fact]
    public async Task A_gid_that_ends_in_white_space_is_refused_unless_it_is_there_already()
    {
        await using var cluster = await Coordinated.Start();
        foreach (var gid in (string[])["g ", "g\u3000"])
        {
            var refused = await Assert.ThrowsAsync<TransactionException>(() =>
                cluster.Transactions.Submit(new SagaTransaction { Gid = gid }.Step("", ""), cancellationToken: Cancel));
            Assert.Equal(ReplyKind.Invalid, refused.Kind);
            Assert.Contains("gid", refused.Message, StringComparison.Ordinal);
        }

        var stored = StoredSamples.Plain("old ");
        await cluster.Store.Write(StoredSamples.Insert(stored with { Branches = [] }), Cancel);
        await cluster.Transactions.Submit(new SagaTransaction { Gid = "old " }, cancellationToken: Cancel);
        Assert.Equal(GlobalStatus.Failed, (await cluster.Transactions.ForceStop("old ", Cancel)).Status);
    }

    [Fact]
    public async Task A_forced_stop_names_the_client_in_its_reason_and_in_the_audit_log()
    {
        await using var cluster = await Coordinated.Start();
        await cluster.Transactions.Prepare(new TccTransaction { Gid = "g1" }, Cancel);
        await cluster.Transactions.ForceStop("g1", Cancel);

        var name = $"{AppDomain.CurrentDomain.FriendlyName}@{Environment.MachineName}";
        var record = Assert.Single(await cluster.Store.ListAudit(new AuditFilter { Gid = "g1" }, Cancel)).Record;
        Assert.Equal(
            ("forceStop", "done", "orleans", name, "prepared", "failed"),
            (record.Action, record.Outcome, record.Kind, record.Caller, record.Before, record.After));
        Assert.Equal(
            $"stopped by force, without compensation, by orleans '{name}'",
            (await cluster.Transactions.Query("g1", Cancel))!.RollbackReason);
    }

    [Fact]
    public async Task A_message_is_prepared_and_goes_out_when_it_is_submitted()
    {
        await using var cluster = await Coordinated.Start();
        var msg = new MsgTransaction { QueryPrepared = Bank + "q" }.Step(Bank + "a", new Money(1, "EUR"));
        Assert.Equal(GlobalStatus.Prepared, (await cluster.Transactions.Prepare(msg, Cancel)).Status);
        Assert.Equal(GlobalStatus.Prepared, (await cluster.Transactions.Prepare(msg, Cancel)).Status); // a repetition
        Assert.True((await cluster.Run(msg)).Succeeded);

        var dropped = new MsgTransaction { QueryPrepared = Bank + "q" }.Step(Bank + "a");
        await cluster.Transactions.Prepare(dropped, Cancel);
        Assert.Equal(
            GlobalStatus.Failed, (await cluster.Transactions.Abort(dropped, "changed my mind", Cancel)).Status);
    }

    [Fact]
    public async Task A_message_to_a_topic_goes_to_its_subscribers_later()
    {
        await using var cluster = await Coordinated.Start();
        var api = cluster.Transactions;
        await api.Subscribe("news", Bank + "s1", "first", Cancel);
        await api.Subscribe("news", Coordinated.Url("A", nameof(ITellerGrain.Judge)), cancellationToken: Cancel);
        var twice = await Assert.ThrowsAsync<TransactionException>(
            () => api.Subscribe("news", Bank + "s1", cancellationToken: Cancel));
        Assert.Equal((ReplyKind.Conflict, "this url exists"), (twice.Kind, twice.Reason));
        var msg = new MsgTransaction { Delay = TimeSpan.FromMilliseconds(100) }.Topic("news", new Money(1, "EUR"));
        Assert.Equal(GlobalStatus.Submitted, (await api.Submit(msg, cancellationToken: Cancel)).Status);
        Assert.True((await api.WaitForEnd(msg.Gid, Coordinated.Patience, Cancel)).Succeeded);
        Assert.Equal(["01-01", "01-02"], (await api.Query(msg.Gid, Cancel))!.Branches.Select(static b => b.BranchId));

        await api.Unsubscribe("news", Bank + "s1", Cancel);
        await api.DeleteTopic("news", Cancel);
        var unknown = await Assert.ThrowsAsync<TransactionException>(
            () => api.Submit(new MsgTransaction().Topic("news", 1), cancellationToken: Cancel));
        Assert.Equal(ReplyKind.Invalid, unknown.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tcc_and_xa_go_the_way_their_submitter_decides(bool forward)
    {
        await using var cluster = await Coordinated.Start();
        var api = cluster.Transactions;
        foreach (var transaction in new GlobalTransaction[] { new TccTransaction(), new XaTransaction() })
        {
            var branch = transaction is TccTransaction
                ? BranchRegistration.Tcc(transaction.Gid, "01", Bank + "y", Bank + "n", [1])
                : BranchRegistration.Xa(transaction.Gid, "01", Bank + "xa");
            await api.Prepare(transaction, Cancel);
            Assert.Equal(GlobalStatus.Prepared, (await api.RegisterBranch(branch, Cancel)).Status);
            await (forward
                ? api.Submit(transaction, cancellationToken: Cancel)
                : api.Abort(transaction, "no stock", Cancel));

            var ended = await api.WaitForEnd(transaction.Gid, Coordinated.Patience, Cancel);
            Assert.Equal(
                (forward ? GlobalStatus.Succeeded : GlobalStatus.Failed, forward ? "" : "no stock"),
                (ended.Status, ended.RollbackReason));
            var late = await Assert.ThrowsAsync<TransactionException>(
                () => api.RegisterBranch(branch with { BranchId = "02" }, Cancel));
            Assert.Equal((transaction.Gid, ReplyKind.Conflict), (late.Gid, late.Kind));
        }
    }

    [Fact]
    public async Task A_workflow_keeps_what_its_steps_came_to()
    {
        await using var cluster = await Coordinated.Start();
        var api = cluster.Transactions;
        var workflow = new WorkflowTransaction { Name = "pay", Data = new byte[] { 1 } };
        Assert.Empty((await api.PrepareWorkflow(workflow, Cancel)).Branches);
        await api.RegisterBranch(
            BranchRegistration.Workflow(workflow.Gid, "01", "action", succeeded: true, result: [4, 2]), Cancel);
        var step = Assert.Single((await api.PrepareWorkflow(workflow, Cancel)).Branches);
        Assert.Equal(("01", "action", "succeed"), (step.BranchId, step.Op, step.Status));
        Assert.Equal([4, 2], step.Payload);

        Assert.Equal(
            GlobalStatus.Failed,
            (await api.FinishWorkflow(workflow.Gid, succeeded: false, "sold out", "none", Cancel)).Status);
        var info = (await api.Query(workflow.Gid, Cancel))!;
        Assert.Equal((GlobalStatus.Failed, "sold out", "none"), (info.Status, info.RollbackReason, info.Result));
    }

    [Fact]
    public async Task A_waiting_transaction_is_hurried_or_stopped()
    {
        await using var cluster = await Coordinated.Start();
        var open = false;
        cluster.Teller.Does = (_, _, _) => Task.FromResult(open ? BranchResult.Done : BranchResult.Ongoing("closed"));
        var api = cluster.Transactions;
        var (first, second) = (Waiting(), Waiting());
        Assert.Equal("closed", (await api.Submit(first, wait: true, Cancel)).LastError);
        await api.Submit(second, wait: true, Cancel);

        await Assert.ThrowsAsync<TimeoutException>(
            () => api.WaitForEnd(first.Gid, TimeSpan.FromMilliseconds(100), Cancel));
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => api.WaitForEnd(first.Gid, Timeout.InfiniteTimeSpan, impatient.Token));
        open = true;
        await api.RetryNow(first.Gid, Cancel);
        Assert.True((await api.WaitForEnd(first.Gid, Coordinated.Patience, Cancel)).Succeeded);
        Assert.Equal(GlobalStatus.Failed, (await api.ForceStop(second.Gid, Cancel)).Status);
        var again = await Assert.ThrowsAsync<TransactionException>(() => api.ForceStop(second.Gid, Cancel));
        Assert.Equal(ReplyKind.Conflict, again.Kind);

        static SagaTransaction Waiting() => new SagaTransaction { RetryInterval = TimeSpan.FromHours(1) }
            .Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), "");
    }

    [Fact]
    public async Task Of_the_calls_that_wait_one_is_hurried_by_its_name()
    {
        await using var cluster = await Coordinated.Start();
        var open = "";
        cluster.Teller.Does = (account, _, _) => Task.FromResult(
            open.Contains(account, StringComparison.Ordinal) ? BranchResult.Done : BranchResult.Ongoing("closed"));
        var api = cluster.Transactions;
        var saga = new SagaTransaction { RetryInterval = TimeSpan.FromHours(1), Concurrent = true }
            .Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), "")
            .Step(Coordinated.Url("B", nameof(ITellerGrain.Judge)), "");
        await api.Submit(saga, wait: true, Cancel);
        await OrleansDtm.Tests.Support.Wire.Poll.Until(
            async () => (await api.Query(saga.Gid, Cancel))!.Branches.Count(static b => b.LastError == "closed") == 2,
            Coordinated.Patience, static () => "not both wait", Cancel);

        open = "AB";
        await api.RetryBranch(saga.Gid, "02", "action", Cancel);
        await OrleansDtm.Tests.Support.Wire.Poll.Until(
            async () => (await api.Query(saga.Gid, Cancel))!.Branches.Single(
                static b => b is { BranchId: "02", Op: "action" }).Status == "succeed",
            Coordinated.Patience, static () => "the second is not called again", Cancel);
        Assert.Single(cluster.Teller.Ops, static op => op == "A action");
        Assert.Equal(ReplyKind.NotFound, (await Assert.ThrowsAsync<TransactionException>(
            () => api.RetryBranch(saga.Gid, "03", "action", Cancel))).Kind);
        Assert.Equal(ReplyKind.Conflict, (await Assert.ThrowsAsync<TransactionException>(
            () => api.RetryBranch(saga.Gid, "02", "action", Cancel))).Kind);

        await api.RetryBranch(saga.Gid, "01", "action", Cancel);
        Assert.True((await api.WaitForEnd(saga.Gid, Coordinated.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task An_unknown_gid_is_null_to_a_query_and_not_found_to_all_else()
    {
        await using var cluster = await Coordinated.Start();
        var api = cluster.Transactions;
        Assert.Null(await api.Query("nobody", Cancel));
        foreach (var ask in new Func<Task>[]
        {
            () => api.WaitForEnd("nobody", Coordinated.Patience, Cancel),
            () => api.ForceStop("nobody", Cancel),
            () => api.RetryNow("nobody", Cancel),
            () => api.RetryBranch("nobody", "01", "action", Cancel),
            () => api.Submit(new TccTransaction { Gid = "nobody" }, cancellationToken: Cancel),
        })
        {
            var refused = await Assert.ThrowsAsync<TransactionException>(ask);
            Assert.Equal(("nobody", ReplyKind.NotFound), (refused.Gid, refused.Kind));
        }
    }

    [Fact]
    public async Task Nonsense_is_refused_by_the_rules_of_the_HTTP_API_and_not_stored()
    {
        await using var cluster = await Coordinated.Start(
            configure: static options => options.Requests.BytesMax = 1000);
        var cases = new Dictionary<string, GlobalTransaction>
        {
            ["gid: has 129"] = new SagaTransaction { Gid = new string('x', 129) }.Step("", ""),
            ["gid: contains the control character"] = new SagaTransaction { Gid = "a\nb" }.Step("", ""),
            ["steps[0].action"] = new SagaTransaction().Step("ftp://x/y", ""),
            ["custom_data.orders"] = new SagaTransaction { Concurrent = true }.Step("", "").Order(0, 0),
            ["retry_interval"] = new SagaTransaction { RetryInterval = TimeSpan.FromSeconds(-8) }.Step("", ""),
            ["request_timeout"] = new SagaTransaction { RequestTimeout = TimeSpan.FromSeconds(-1) }.Step("", ""),
            ["branch_headers"] =
                new SagaTransaction { BranchHeaders = new Dictionary<string, string> { ["a b"] = "1" } }.Step("", ""),
            ["callback_url"] = new SagaTransaction { CallbackUrl = "nonsense" }.Step("", ""),
            ["protocol"] = new SagaTransaction { Protocol = "smtp" }.Step("", ""),
            ["payloads: have 1001 bytes"] = new SagaTransaction().Step("", "", new byte[1001]),
            ["custom_data: cannot be set"] = new SagaTransaction { Concurrent = true, CustomData = "{}" }
                .Step("", "")
                .Step("", "")
                .Order(1, 0),
        };
        foreach (var (words, transaction) in cases)
        {
            var refused = await Assert.ThrowsAsync<TransactionException>(
                () => cluster.Transactions.Submit(transaction, cancellationToken: Cancel));
            Assert.Equal((transaction.Gid, ReplyKind.Invalid), (refused.Gid, refused.Kind));
            Assert.StartsWith(words, refused.Reason, StringComparison.Ordinal);
        }

        Assert.Empty(await cluster.Store.List(new OrleansDtm.Storage.TransactionFilter(), Cancel));
    }

    [Fact]
    public void Gids_are_fresh_and_short_enough()
    {
        var gids = Enumerable.Range(0, 1000).Select(static _ => GidGenerator.New()).ToHashSet();
        Assert.Equal(1000, gids.Count);
        Assert.All(gids, static gid => Assert.Equal(26, gid.Length));
    }
}
