using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.Conformance;
using OrleansDtm.Protocol;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>
/// A coordinator that has only DTM's gRPC service. The client reports missing operations, and uses HTTP for them only
/// if configured.
/// </summary>
public sealed class PlainDtmTests : IAsyncDisposable
{
    private readonly Untouched _http = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_it_lacks_is_named_and_HTTP_is_not_asked()
    {
        await using var dtm = await PlainDtm.Start();
        await using var client = Alone(dtm);
        var sdk = client.Dtm();

        await Lacks("Query", () => sdk.QueryAsync("g", Cancel));
        await Lacks("Query", () => sdk.WaitForEndAsync("g", Poll.Patience, Cancel));
        await Lacks("List", () => sdk.ListAsync(cancellationToken: Cancel));
        await Lacks("ForceStop", () => sdk.ForceStopAsync("g", Cancel));
        await Lacks("RetryNow", () => sdk.RetryNowAsync("g", Cancel));
        await Lacks("RetryBranch", () => sdk.RetryBranchAsync("g", "01", "action", Cancel));
        await Lacks("Subscribers", () => sdk.SubscribersAsync("t", Cancel));
        await Lacks("Submit", () => sdk.Msg(new MsgOptions { Concurrent = true }).Step("").SubmitAsync(Cancel));
        await Lacks("Prepare", () =>
            sdk.Msg(new MsgOptions { CallbackUrl = "http://127.0.0.1:1/" })
                .Step("").PrepareAsync("http://127.0.0.1:1/", Cancel));
        Assert.Empty(dtm.Requests);

        async Task Lacks(string api, Func<Task> request)
        {
            var error = await Assert.ThrowsAsync<NotSupportedException>(request);
            Assert.Contains($"orleansdtm.Coordinator/{api},", error.Message, StringComparison.Ordinal);
            Assert.Contains(dtm.Url.Authority, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_it_has_works_in_whole_seconds()
    {
        await using var dtm = await PlainDtm.Start();
        await using var client = Alone(dtm);

        var result = await client.Dtm().Saga(
            new SagaOptions { Gid = "g", WaitResult = true, RetryInterval = TimeSpan.FromMilliseconds(1300) })
            .Step("", "").SubmitAsync(Cancel);

        Assert.Equal(new TransactionResult("g", GlobalStatus.Succeeded), result);
        Assert.Equal(("g", 2), (Assert.Single(dtm.Requests).Gid, dtm.Requests[0].TransOptions.RetryInterval));
    }

    [Fact]
    public async Task A_workflow_runs_to_its_end()
    {
        await using var dtm = await PlainDtm.Start();
        await using var client = Alone(dtm);

        Assert.Equal("in", (await client.Dtm().WorkflowAsync("test", "in", cancellationToken: Cancel))
            .EnsureSucceeded().Read<string>());

        Assert.Equal("succeed", Assert.Single(dtm.Requests).ReqExtra["status"]);
    }

    [Fact]
    public async Task A_failure_that_may_be_a_rollback_or_a_conflict_is_not_guessed()
    {
        await using var dtm = await PlainDtm.Start(new Status(StatusCode.Aborted, "no money"));
        await using var client = Alone(dtm);

        var waited = await Assert.ThrowsAsync<DtmUnavailableException>(
            () => client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = true }).Step("", "").SubmitAsync(Cancel));
        Assert.Equal(("g", "no money"), (waited.Gid, waited.Reason));
        Assert.Contains("orleansdtm.Coordinator/Query", waited.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DtmConflictException>(
            () => client.Dtm().Saga(new SagaOptions { Gid = "g" }).Step("", "").SubmitAsync(Cancel));
    }

    /// <summary>This coordinator has no Query, so only the response can say that the saga was rolled back.</summary>
    [Fact]
    public async Task A_rollback_that_the_response_reports_is_a_result_without_a_query()
    {
        await using var dtm = await PlainDtm.Start(new Status(StatusCode.Aborted, "no money"), new Metadata
        {
            { AnswerMetadata.Outcome, AnswerOutcomes.RolledBack },
            { AnswerMetadata.Status, "failed" },
        });
        await using var client = Alone(dtm);

        var result = await client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = true })
            .Step("", "").SubmitAsync(Cancel);

        Assert.Equal(new TransactionResult("g", GlobalStatus.Failed, "no money"), result);
    }

    [Fact]
    public async Task On_demand_HTTP_is_asked_for_what_it_lacks()
    {
        await using var dtm = await PlainDtm.Start(new Status(StatusCode.Aborted, "no money"));
        await using var http = await Participant.Start();
        http.On(
            "/api/dtmsvr/query",
            new Reply(
                200,
                """{"branches":[],"transaction":{"gid":"g","trans_type":"saga","status":"failed","rollback_reason":"no money"}}"""));
        await using var client = Clients.Of(new Uri(http.Url), add: services => services.AddDtmGrpcClient(options =>
        {
            options.Server = dtm.Url;
            options.HttpFallback = true;
        }));

        var result = await client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = true })
            .Step("", "").SubmitAsync(Cancel);

        Assert.Equal(new TransactionResult("g", GlobalStatus.Failed, "no money"), result);
        await client.Dtm().ForceStopAsync("g", Cancel);
        Assert.Equal(["/api/dtmsvr/query", "/api/dtmsvr/forceStop"], http.Paths);
    }

    public ValueTask DisposeAsync()
    {
        Assert.Empty(_http.Requests);
        _http.Dispose();
        return default;
    }

    private ServiceProvider Alone(PlainDtm dtm) => Clients.Of(
        new Uri("http://127.0.0.1:1"),
        options => options.WorkflowCallback = "127.0.0.1:1/workflow.Workflow/Execute",
        services =>
        {
            services.AddWorkflow<string, string>("test", static (_, input) => Task.FromResult(input));
            services.AddDtmGrpcClient(options => options.Server = dtm.Url);
            services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(() => _http);
        });
}
