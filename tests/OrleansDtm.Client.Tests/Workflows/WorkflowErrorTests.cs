using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Workflows;

/// <summary>
/// Mistakes throw where they are made, and workflows also run on coordinators that return less than this one.
/// </summary>
public sealed class WorkflowErrorTests(RunningCoordinator coordinator)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_not_registered_or_cannot_go_on_is_refused_before_it_begins()
    {
        using var client = coordinator.Client(
            add: services => services.AddWorkflow<int>("known", (_, _) => Task.CompletedTask));

        var unknown = await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.Dtm().WorkflowAsync("unknown", 0, cancellationToken: Cancel));
        Assert.Contains("unknown", unknown.Message, StringComparison.Ordinal);
        var nowhere = await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.Dtm().WorkflowAsync("known", 0, cancellationToken: Cancel));
        Assert.Contains(nameof(DtmOptions.WorkflowCallback), nowhere.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_of_one_name_are_an_error()
    {
        using var client = coordinator.Client(add: services => services
            .AddWorkflow<int>("twin", (_, _) => Task.CompletedTask)
            .AddWorkflow<int>("twin", (_, _) => Task.CompletedTask));

        Assert.Contains(
            "twin", Assert.Throws<InvalidOperationException>(() => client.Dtm()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gid_is_that_of_one_workflow()
    {
        await using var app = await WorkflowApp.Start(coordinator.Url, services => services
            .AddWorkflow<int>("one", (_, _) => Task.CompletedTask)
            .AddWorkflow<int>("other", (_, _) => Task.CompletedTask));
        var gid = Guid.NewGuid().ToString("N");
        await app.Dtm.WorkflowAsync("one", 0, new TransOptions { Gid = gid }, Cancel);

        var error = await Assert.ThrowsAsync<DtmConflictException>(
            () => app.Dtm.WorkflowAsync("other", 0, new TransOptions { Gid = gid }, Cancel));

        Assert.Equal(gid, error.Gid);
    }

    [Fact]
    public async Task A_branch_has_one_action_and_one_hook_of_a_kind_and_hooks_begin_no_branches()
    {
        List<string> errors = [];
        await using var app = await WorkflowApp.Start(
            coordinator.Url,
            services => services.AddWorkflow<int>("test", async (workflow, _) =>
            {
                var branch = workflow.NewBranch().OnRollback(_ => Task.CompletedTask);
                Note(() => branch.OnRollback(_ => Task.CompletedTask));
                await branch.DoAsync(_ => Task.FromResult(1));
                Note(() => branch.DoAsync(_ => Task.FromResult(2)).GetAwaiter().GetResult());
                workflow.NewBranch().OnCommit(_ =>
                {
                    Note(() => workflow.NewBranch());
                    return Task.CompletedTask;
                });
            }));

        Assert.True((await app.Dtm.WorkflowAsync("test", 0, cancellationToken: Cancel)).Succeeded);

        Assert.Equal(3, errors.Count);

        void Note(Action wrong) => errors.Add(Assert.Throws<InvalidOperationException>(wrong).Message);
    }

    [Fact]
    public async Task A_hook_that_is_refused_is_an_error_and_is_repeated()
    {
        var refusals = 1;
        await using var app = await WorkflowApp.Start(
            coordinator.Url,
            services => services.AddWorkflow<int>("test", (workflow, _) =>
            {
                workflow.NewBranch().OnCommit(
                    _ => refusals-- > 0 ? throw new BranchFailureException("not me") : Task.CompletedTask);
                return Task.CompletedTask;
            }));
        var gid = Guid.NewGuid().ToString("N");

        var error = await Assert.ThrowsAsync<DtmException>(
            () => app.Dtm.WorkflowAsync("test", 0, new TransOptions { Gid = gid }, Cancel));

        Assert.Equal((gid, "not me"), (error.Gid, error.Reason));
        Assert.True((await app.Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task Code_that_changes_its_mind_between_commit_and_rollback_is_stopped()
    {
        var runs = 0;
        var rolledBack = 0;
        await using var app = await WorkflowApp.Start(
            coordinator.Url,
            services => services.AddWorkflow<int>("test", (workflow, _) =>
            {
                var errors = runs++ == 0;
                workflow.NewBranch().OnCommit(
                    _ => errors ? throw new InvalidOperationException("in the middle") : Task.CompletedTask);
                workflow.NewBranch().OnCommit(_ => Task.CompletedTask).OnRollback(_ => Task.FromResult(rolledBack++));
                return errors ? Task.CompletedTask : throw new BranchFailureException("changed its mind");
            }),
            callback: "http://127.0.0.1:1/nobody");
        var options = new TransOptions { Gid = Guid.NewGuid().ToString("N") };

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", 0, options, Cancel));
        var error = await Assert.ThrowsAsync<DtmException>(() => app.Dtm.WorkflowAsync("test", 0, options, Cancel));

        Assert.Contains("its code is not deterministic", error.Message, StringComparison.Ordinal);
        Assert.Equal((0, GlobalStatus.Prepared), (rolledBack, (await app.Dtm.QueryAsync(options.Gid, Cancel))!.Status));
    }

    [Fact]
    public async Task The_coordinator_is_told_an_error_without_the_words_that_would_decide()
    {
        await using var app = await WorkflowApp.Start(
            coordinator.Url, services => services.AddWorkflow<int>(
                "test", (_, _) => throw new InvalidOperationException("FAILURE of the power supply")),
            callback: "http://127.0.0.1:1/nobody");
        var gid = Guid.NewGuid().ToString("N");
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.Dtm.WorkflowAsync("test", 0, new TransOptions { Gid = gid }, Cancel));
        using var http = new HttpClient();

        using var answer = await http.PostAsync(
            $"{app.Callback}?gid={gid}&trans_type=workflow&branch_id=00&op=test", new StringContent("0"), Cancel);

        Assert.Equal(500, (int)answer.StatusCode);
        Assert.Contains(
            "failure of the power supply", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(GlobalStatus.Prepared, (await app.Dtm.QueryAsync(gid, Cancel))!.Status);
        await app.Dtm.ForceStopAsync(gid, Cancel);
    }

    [Fact]
    public async Task A_URL_that_names_a_transaction_itself_is_refused()
    {
        await using var app = await WorkflowApp.Start(
            coordinator.Url,
            services => services.AddWorkflow<string>("test", (workflow, url) => workflow.Http.GetAsync(url)),
            callback: "http://127.0.0.1:1/nobody");

        await Assert.ThrowsAsync<ArgumentException>(
            () => app.Dtm.WorkflowAsync("test", "http://127.0.0.1:1/in?gid=other", cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_call_without_an_identity_is_turned_away()
    {
        await using var app = await WorkflowApp.Start(coordinator.Url, static _ => { });
        using var http = new HttpClient();

        using var answer = await http.PostAsync(app.Callback, null, Cancel);

        Assert.Equal(400, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_coordinator_that_keeps_only_text_gives_binary_results_back_all_the_same()
    {
        byte[] bytes = [0, 255, 128, 65];
        await using var other = await Participant.Start();
        other.On(
            "/api/dtmsvr/prepareWorkflow",
            new Reply(200, """{"transaction":{"gid":"g","status":"prepared"},"progresses":[]}"""));
        using var client = Clients.Of(
            new Uri(other.Url), options => options.WorkflowCallback = "http://127.0.0.1:1/nobody", services => services
                .AddWorkflow<int, byte[]>("test", (workflow, _) => workflow.DoAsync(_ => Task.FromResult(bytes))));

        Assert.Equal(bytes, (await client.Dtm().WorkflowAsync("test", 0, cancellationToken: Cancel)).Data.ToArray());
        var sent =
            JsonNode.Parse(Assert.Single(other.On("/api/dtmsvr/registerBranch")).Body)!["data"]!.GetValue<string>();

        var kept = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(sent));
        other.On("/api/dtmsvr/prepareWorkflow", new Reply(
            200,
            $$"""{"transaction":{"gid":"g","status":"prepared"},"progresses":[{"branch_id":"01","op":"action","status":"succeed","bin_data":"{{kept}}"}]}"""));
        Assert.Equal(bytes, (await client.Dtm().WorkflowAsync("test", 0, cancellationToken: Cancel)).Data.ToArray());
        Assert.Single(other.On("/api/dtmsvr/registerBranch")); // The second run used the recorded result.
    }

    [Fact]
    public async Task An_answer_that_got_lost_is_made_good_by_the_record()
    {
        await using var other = await Participant.Start();
        other.On(
            "/api/dtmsvr/prepareWorkflow",
            new Reply(200, """{"transaction":{"gid":"g","status":"prepared"},"progresses":[]}"""),
            new Reply(
                200,
                """{"transaction":{"gid":"g","status":"prepared"},"progresses":[{"branch_id":"01","op":"action","status":"succeed","bin_data":"Nw=="}]}"""),
            new Reply(200, """{"transaction":{"gid":"g","status":"succeed","result":"Nw=="},"progresses":[]}"""));
        other.On("/api/dtmsvr/registerBranch", Reply.Error with { Drops = true });
        other.On("/api/dtmsvr/submit", Reply.Error with { Drops = true });
        using var client = Clients.Of(
            new Uri(other.Url), options => options.WorkflowCallback = "http://127.0.0.1:1/nobody", services => services
                .AddWorkflow<int, int>("test", (workflow, _) => workflow.DoAsync(_ => Task.FromResult(7))));

        Assert.Equal(
            7, (await client.Dtm().WorkflowAsync("test", 0, cancellationToken: Cancel)).EnsureSucceeded().Read<int>());
    }
}
