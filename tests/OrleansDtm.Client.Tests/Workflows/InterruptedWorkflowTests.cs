using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Tests.AspNetCore;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Workflows;

/// <summary>
/// Workflows that are interrupted, run twice, or resumed late. Recorded steps are not repeated, and all instances
/// return the same end.
/// </summary>
public sealed class InterruptedWorkflowTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private readonly object _lock = new();
    private readonly List<string> _log = [];
    private readonly string _gid = Guid.NewGuid().ToString("N");
    private Participant _bank = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TransOptions Gid => new() { Gid = _gid };

    [Fact]
    public async Task An_error_pauses_it_and_the_coordinator_has_it_go_on_without_doing_anything_twice()
    {
        var errors = 2;
        await using var app = await Start(async (workflow, input) =>
        {
            var first = await workflow.DoAsync(_ => Log("first", Random.Shared.Next()));
            await workflow.Http.GetAsync(Bank("called"));
            if (errors-- > 0)
            {
                throw new InvalidOperationException("no power");
            }

            var last = await workflow.DoAsync(_ => Log("last", first));
            return $"{input} {first == last}";
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        var result = await app.Dtm.WorkflowAsync("test", "other", Gid, Cancel);

        Assert.Equal("in True", result.Read<string>());
        Assert.Equal(["first", "last"], _log);
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task The_same_gid_in_two_namespaces_is_two_workflows_which_are_resumed_each_in_its_own()
    {
        var failed = new HashSet<string>();
        await using var app = await Start(async (workflow, input) =>
        {
            await workflow.Http.GetAsync(Bank(input));
            lock (_lock)
            {
                if (failed.Add(input))
                {
                    throw new InvalidOperationException("no power");
                }
            }

            return input;
        });

        foreach (var space in new[] { "shop", "crm" })
        {
            var dtm = app.Dtm.InNamespace(space);
            await Assert.ThrowsAsync<InvalidOperationException>(() => dtm.WorkflowAsync("test", space, Gid, Cancel));
        }

        foreach (var space in new[] { "shop", "crm" })
        {
            var dtm = app.Dtm.InNamespace(space);
            Assert.True((await dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
            Assert.Equal(space, (await dtm.WorkflowAsync("test", "", Gid, Cancel)).Read<string>());
            Assert.Equal(space, _bank.On("/" + space).Single().Headers["x-dtm-namespace"]);
        }

        Assert.Null(await app.Dtm.QueryAsync(_gid, Cancel));
    }

    [Fact]
    public async Task Another_instance_goes_on_where_one_died()
    {
        await using var heir = await Start(Code("heir"));
        var died = await Start(Code("died"), heir.Callback);
        var run = died.Dtm.WorkflowAsync("test", "in", Gid, Cancel);
        await _bank.Called("/died");
        await died.DisposeAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => run);
        Assert.True((await heir.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal("in by died", (await heir.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).Read<string>());
        Assert.Equal(["first died", "commit heir"], _log);

        Func<Workflow, string, Task<string>> Code(string who)
        {
            _bank.On("/died", Reply.Success.After(new Gate())); // The instance that dies never receives the response.
            return async (workflow, input) =>
            {
                var first = await workflow.NewBranch()
                    .OnCommit(_ => Log($"commit {who}", 0))
                    .DoAsync(_ => Log($"first {who}", who));
                await workflow.Http.GetAsync(Bank(who), workflow.CancellationToken);
                return $"{input} by {first}";
            };
        }
    }

    [Fact]
    public async Task Cancelled_it_stops_before_its_next_step_and_what_is_done_is_recorded()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var app = await Start(async (workflow, input) =>
        {
            await workflow.DoAsync(async _ =>
            {
                await impatient.CancelAsync();
                return await Log("first", 0);
            });
            await workflow.DoAsync(
                _ => Log(workflow.CancellationToken.IsCancellationRequested ? "too late" : "second", 0));
            return input;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => app.Dtm.WorkflowAsync("test", "in", Gid, impatient.Token));
        var info = await app.Dtm.QueryAsync(_gid, Cancel);
        Assert.Contains(info!.Branches, branch => branch is { BranchId: "01", Op: "action", Status: "succeed" });

        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(["first", "second"], _log);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_is_not_recorded_and_made_again()
    {
        _bank.On("/in", Reply.Success.After(new Gate()), Reply.Success);
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var app = await Start(
            async (workflow, input) => await workflow.Http.GetAsync(Bank("in")) is null ? "" : input);

        var run = app.Dtm.WorkflowAsync("test", "in", Gid, impatient.Token);
        await _bank.Called("/in");
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(2, _bank.Calls.Count);
    }

    [Fact]
    public async Task Whoever_executes_it_while_it_runs_waits_for_the_same_end()
    {
        var gate = new Gate();
        _bank.On("/in", Reply.Success.After(gate));
        await using var app = await Start(async (workflow, input) =>
        {
            var number = await workflow.DoAsync(_ => Log("first", Random.Shared.Next()));
            await workflow.Http.GetAsync(Bank("in"));
            return number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        });

        var runs = Enumerable.Range(0, 8).Select(_ => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).ToArray();
        await _bank.Called("/in");
        gate.Open();
        var results = await Task.WhenAll(runs);

        Assert.Single(results.Select(result => result.Read<string>()).Distinct());
        Assert.Single(_log);
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task Who_waits_goes_on_when_the_one_who_began_gives_up()
    {
        _bank.On("/in", Reply.Success.After(new Gate()), Reply.Success);
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var app = await Start(
            async (workflow, input) => await workflow.Http.GetAsync(Bank("in")) is null ? "" : input,
            "http://127.0.0.1:1/nobody");

        var began = app.Dtm.WorkflowAsync("test", "in", Gid, impatient.Token);
        await _bank.Called("/in");
        var waits = app.Dtm.WorkflowAsync("test", "in", Gid, Cancel);
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => began);
        Assert.Equal("in", (await waits).Read<string>());
    }

    [Fact]
    public async Task Two_instances_at_once_come_to_the_same_result_the_one_recorded_first()
    {
        var bothAreIn = new System.Threading.Barrier(2);
        await using var a = await Start(Code("a"), "http://127.0.0.1:1/nobody");
        await using var b = await Start(Code("b"), "http://127.0.0.1:1/nobody");

        var results = await Task.WhenAll(
            a.Dtm.WorkflowAsync("test", "in", Gid, Cancel), b.Dtm.WorkflowAsync("test", "in", Gid, Cancel));

        Assert.Equal(results[0].Read<string>(), results[1].Read<string>());
        Assert.Contains(results[0].Read<string>(), (string[])["a", "b"]);
        Assert.Equal(results[0].Read<string>(), (await a.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).Read<string>());

        Func<Workflow, string, Task<string>> Code(string who) => (workflow, _) => workflow.DoAsync(async _ =>
        {
            await Task.Run(() => Assert.True(bothAreIn.SignalAndWait(Poll.Patience)));
            return who;
        });
    }

    [Fact]
    public async Task A_refusal_that_is_recorded_is_a_refusal_for_the_other_instance_too()
    {
        var bothAreIn = new System.Threading.Barrier(2);
        await using var a = await Start(Code(refuses: true), "http://127.0.0.1:1/nobody");
        await using var b = await Start(Code(refuses: false), "http://127.0.0.1:1/nobody");

        var results = await Task.WhenAll(
            a.Dtm.WorkflowAsync("test", "in", Gid, Cancel), b.Dtm.WorkflowAsync("test", "in", Gid, Cancel));

        Assert.Equal(results[0].Status, results[1].Status);
        Assert.Equal(results[0].Status, (await a.Dtm.QueryAsync(_gid, Cancel))!.Status);

        Func<Workflow, string, Task<string>> Code(bool refuses) => (workflow, input) => workflow.DoAsync(async _ =>
        {
            await Task.Run(() => Assert.True(bothAreIn.SignalAndWait(Poll.Patience)));
            return refuses ? throw new BranchFailureException("no") : input;
        });
    }

    [Fact]
    public async Task Hooks_are_done_once_each_however_often_the_rest_is_repeated()
    {
        var errors = 2;
        await using var app = await Start(async (workflow, input) =>
        {
            workflow.OnFinish(async (_, rolledBack) => await Log($"finish {rolledBack}", 0));
            await workflow.NewBranch()
                .OnRollback(_ => errors-- > 0 ? throw new InvalidOperationException("not yet") : Log("undo a", 0))
                .DoAsync(_ => Log("do a", 0));
            await workflow.NewBranch().OnRollback(_ => Log("undo b", 0)).DoAsync(_ => Log("do b", 0));
            throw new BranchFailureException("not today");
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        var end = await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel);

        Assert.Equal((GlobalStatus.Failed, "not today"), (end.Status, end.RollbackReason));
        Assert.Equal(["do a", "do b", "undo b", "undo a", "finish True"], _log);
        var again = await app.Dtm.WorkflowAsync("test", "in", Gid, Cancel);
        Assert.Equal((GlobalStatus.Failed, "not today"), (again.Status, again.RollbackReason));
        Assert.Equal(5, _log.Count);
    }

    [Fact]
    public async Task A_step_that_takes_longer_than_the_coordinator_waits_comes_to_its_end_in_one_run()
    {
        var gate = new Gate();
        _bank.On("/slow", Reply.Success.After(gate));
        var crashed = false;
        await using var app = await Start(async (workflow, input) =>
        {
            if (!crashed)
            {
                crashed = true;
                throw new InvalidOperationException("crash");
            }

            await workflow.Http.GetAsync(Bank("slow"));
            return input;
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        await _bank.Called("/slow");
        await Poll.Until(
            () => Task.FromResult(app.Resumed >= 3),
            Poll.Patience,
            static () => "the coordinator did not ask while the step was under way",
            Cancel);
        gate.Open();

        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task What_is_no_answer_is_asked_again_and_what_is_ongoing_too()
    {
        _bank.On("/in", Reply.Error, Reply.Ongoing, Reply.Error with { Drops = true }, new Reply(200, "\"done\""));
        await using var app = await Start(async (workflow, _) => await workflow.Http.GetStringAsync(Bank("in")));

        var error = await Assert.ThrowsAsync<BranchUnavailableException>(
            () => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        Assert.Equal(_gid, error.Gid);
        Assert.Contains("500", error.Reason, StringComparison.Ordinal);

        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal("\"done\"", (await app.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).Read<string>());
        Assert.Equal(4, _bank.Calls.Count);
    }

    [Fact]
    public async Task An_error_that_the_code_swallows_still_pauses_it()
    {
        _bank.On("/in", Reply.Error, Reply.Success);
        await using var app = await Start(async (workflow, _) =>
        {
            try
            {
                await workflow.Http.GetAsync(Bank("in"));
                return "by the first";
            }
            catch (BranchUnavailableException)
            {
                await workflow.DoAsync(_ => Log("a way round that the next run would not take", 0));
                return "by another";
            }
        });

        await Assert.ThrowsAsync<BranchUnavailableException>(() => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal("by the first", (await app.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).Read<string>());
        Assert.Empty(_log);
    }

    [Fact]
    public async Task A_rollback_without_its_action_does_nothing_behind_the_barrier()
    {
        await using var ledger = await Ledger.Create();
        BarrierResult? met = null;
        await using var app = await Start(async (workflow, _) =>
        {
            workflow.NewBranch().OnRollback(async step =>
            {
                await using var connection = ledger.Connect();
                met = await step.Barrier.CallAsync(
                    connection,
                    transaction => Change(transaction, "update account set balance = balance + 30 where name = 'A'"));
            });
            await workflow.DoAsync(
                _ => Task.FromException(new BranchFailureException("before the first branch could begin")));
            return "";
        });

        Assert.False((await app.Dtm.WorkflowAsync("test", "in", Gid, Cancel)).Succeeded);

        Assert.Equal(BarrierResult.NullCompensation, met);
        Assert.Equal(100, await ledger.Balance("A"));
    }

    [Fact]
    public async Task A_step_done_but_not_recorded_is_kept_from_taking_effect_twice_by_its_barrier()
    {
        await using var ledger = await Ledger.Create();
        var recorded = false;
        await using var app = await Start(async (workflow, _) =>
        {
            await workflow.DoAsync(async step =>
            {
                await using var connection = ledger.Connect();
                await step.Barrier.CallAsync(
                    connection,
                    transaction => Change(transaction, "update account set balance = balance - 30 where name = 'A'"));
                if (!recorded)
                {
                    recorded = true;
                    throw new InvalidOperationException("dies after the commit, before the record");
                }
            });
            return "";
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", "in", Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(70, await ledger.Balance("A"));
    }

    public async ValueTask InitializeAsync() => _bank = await Participant.Start();

    public ValueTask DisposeAsync() => _bank.DisposeAsync();

    private static async Task Change(System.Data.Common.DbTransaction transaction, string sql)
    {
        await using var command = transaction.Connection!.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, sql);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private Task<WorkflowApp> Start(Func<Workflow, string, Task<string>> code, string? callback = null) =>
        WorkflowApp.Start(coordinator.Url, services => services.AddWorkflow("test", code), callback: callback);

    private Task<T> Log<T>(string what, T result)
    {
        lock (_lock)
        {
            _log.Add(what);
        }

        return Task.FromResult(result);
    }

    private string Bank(string path) => $"{_bank.Url}/{path}";
}
