using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>Late, foreign and missing responses, and cancellations.</summary>
public sealed class DeliveryTests(RunningCoordinator coordinator) : IAsyncDisposable
{
    private readonly ServiceProvider _client = coordinator.Client();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Theory]
    [InlineData(408, "", typeof(DtmUnavailableException))]
    [InlineData(429, "slow down", typeof(DtmUnavailableException))]
    [InlineData(425, "<html>", typeof(DtmUnavailableException))]
    [InlineData(404, "<html>no such page", typeof(DtmUnavailableException))]
    [InlineData(404, """{"title":"Not Found"}""", typeof(DtmUnavailableException))]
    [InlineData(404, """{"dtm_result":"FAILURE","message":"no such transaction"}""", typeof(DtmNotFoundException))]
    [InlineData(400, """{"dtm_result":"FAILURE","message":"gid"}""", typeof(DtmInvalidRequestException))]
    [InlineData(401, "", typeof(DtmInvalidRequestException))]
    public async Task What_a_proxy_says_in_passing_is_no_last_word(int status, string body, Type expected)
    {
        await using var other = await Participant.Start(_ => new Reply(status, body));
        await using var client = Clients.Of(new Uri(other.Url));
        Assert.IsType(expected, await Record.ExceptionAsync(() => client.Dtm().Saga().SubmitAsync(Cancel)));
        Assert.IsType(expected, await Record.ExceptionAsync(() => client.Dtm().ForceStopAsync("g", Cancel)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_submit_that_was_taken_and_goes_on_is_submitted_though_nothing_more_can_be_seen(bool waits)
    {
        await using var busy = await Participant.Start(call => call.Path.EndsWith("/query", StringComparison.Ordinal)
            ? new Reply(503, "")
            : new Reply(425, """{"dtm_result":"ONGOING","message":"later"}"""));
        await using var client = Clients.Of(new Uri(busy.Url));

        var result = await client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = waits }).SubmitAsync(Cancel);

        Assert.Equal(new TransactionResult("g", GlobalStatus.Submitted, LastError: "later"), result);
    }

    [Fact]
    public async Task Whether_a_409_to_those_who_wait_is_a_rollback_or_a_refusal_is_not_known_without_a_look()
    {
        await using var busy = await Participant.Start(call => call.Path.EndsWith("/query", StringComparison.Ordinal)
            ? new Reply(503, "")
            : new Reply(409, """{"dtm_result":"FAILURE","message":"sold out"}"""));
        await using var client = Clients.Of(new Uri(busy.Url));

        var waiting = await Assert.ThrowsAsync<DtmUnavailableException>(
            () => client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = true }).SubmitAsync(Cancel));
        Assert.Equal(("g", "sold out"), (waiting.Gid, waiting.Reason));

        var conflict = await Assert.ThrowsAsync<DtmConflictException>(
            () => client.Dtm().Saga(new SagaOptions { Gid = "g" }).SubmitAsync(Cancel));
        Assert.Null(conflict.Status);
    }

    [Fact]
    public async Task What_a_resilience_handler_throws_is_an_answer_that_did_not_come()
    {
        var open = true;
        await using var bank = await Participant.Start();
        await using var client = coordinator.Client(add: services =>
        {
            services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(() => new Rejecting(_ => open));
            services.AddHttpClient(DtmHttpClients.Branches).AddHttpMessageHandler(() => new Rejecting(_ => true));
        });
        var saga = client.Dtm().Saga().Step("", "");

        var unavailable = await Assert.ThrowsAsync<DtmUnavailableException>(() => saga.SubmitAsync(Cancel));
        Assert.Equal(saga.Gid, unavailable.Gid);
        Assert.IsType<Rejecting.RejectedException>(unavailable.InnerException);

        open = false;
        var silent = await Assert.ThrowsAsync<BranchUnavailableException>(() =>
            client.Dtm().TccAsync(tcc => tcc.CallBranchAsync(bank.Url + "/try", "", "", 1), cancellationToken: Cancel));
        Assert.IsType<Rejecting.RejectedException>(silent.InnerException);
    }

    [Fact]
    public async Task A_resilience_handler_that_stops_the_abort_hides_not_why_it_was_due()
    {
        await using var client = coordinator.Client(add: services => services.AddHttpClient(DtmHttpClients.Coordinator)
            .AddHttpMessageHandler(() => new Rejecting(path => path.EndsWith("/abort", StringComparison.Ordinal))));

        await Assert.ThrowsAsync<DivideByZeroException>(
            () => client.Dtm().TccAsync(_ => throw new DivideByZeroException(), cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_wait_outlasts_what_a_resilience_handler_throws()
    {
        var queries = 0;
        var saga = Dtm.Saga().Step("", "");
        await saga.SubmitAsync(Cancel);
        await using var client = coordinator.Client(add: services => services.AddHttpClient(DtmHttpClients.Coordinator)
            .AddHttpMessageHandler(() => new Rejecting(_ => queries++ == 0)));

        Assert.True((await client.Dtm().WaitForEndAsync(saga.Gid, Poll.Patience, Cancel)).Succeeded);
        Assert.True(queries > 1);
    }

    [Fact]
    public async Task Cancelling_at_the_submit_of_a_TCC_ends_the_waiting_only()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var options = new TransOptions { Gid = Guid.NewGuid().ToString("N"), TimeoutToFail = TimeSpan.FromMinutes(10) };
        await using var client = Hasty("/submit", impatient);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.Dtm().TccAsync(_ => Task.CompletedTask, options, impatient.Token));

        Assert.True((await Dtm.WaitForEndAsync(options.Gid, Poll.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task Cancelling_the_prepare_of_a_TCC_leaves_nothing_prepared()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var options = new TransOptions { Gid = Guid.NewGuid().ToString("N"), TimeoutToFail = TimeSpan.FromMinutes(10) };
        await using var client = Hasty("/prepare", impatient, arrives: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.Dtm().TccAsync(_ => Task.CompletedTask, options, impatient.Token));

        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(options.Gid, Poll.Patience, Cancel)).Status);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private ServiceProvider Hasty(
        string api, CancellationTokenSource impatient, bool arrives = false) => coordinator.Client(
        add: services => services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(
            () => new Cancelling(api, impatient, arrives)));

    /// <summary>Cancels when the request is about to be sent, or has just arrived.</summary>
    private sealed class Cancelling(string api, CancellationTokenSource impatient, bool arrives) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.EndsWith(api, StringComparison.Ordinal))
            {
                using var arrived = arrives ? await base.SendAsync(request, CancellationToken.None) : null;
                impatient.Cancel();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
