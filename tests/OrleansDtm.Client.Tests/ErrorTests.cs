using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>Exceptions, and that they contain the gid, the status and the reason.</summary>
public sealed class ErrorTests(RunningCoordinator coordinator) : IAsyncDisposable
{
    /// <summary>Long enough for a submit on a busy machine, and far shorter than its branch takes.</summary>
    private static readonly TimeSpan AfterTheSubmit = TimeSpan.FromSeconds(3);

    private readonly ServiceProvider _client = coordinator.Client();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Fact]
    public async Task A_submit_of_what_has_ended_is_a_conflict_that_tells_the_status()
    {
        var saga = Dtm.Saga().Step("", "");
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        var conflict = await Assert.ThrowsAsync<DtmConflictException>(() => saga.SubmitAsync(Cancel));

        Assert.Equal((saga.Gid, GlobalStatus.Succeeded), (conflict.Gid, conflict.Status));
        Assert.Contains("cannot", conflict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_waiting_submit_may_be_said_again_and_gets_the_same_result()
    {
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true }).Step("", "");
        Assert.True((await saga.SubmitAsync(Cancel)).Succeeded);
        Assert.True((await saga.SubmitAsync(Cancel)).Succeeded);
    }

    [Fact]
    public async Task A_gid_of_another_kind_of_transaction_is_a_conflict_even_for_those_who_wait()
    {
        var saga = Dtm.Saga().Step("", "");
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        var msg = Dtm.Msg(new MsgOptions { Gid = saga.Gid, WaitResult = true }).Step("");
        await Assert.ThrowsAsync<DtmConflictException>(() => msg.SubmitAsync(Cancel));
    }

    [Fact]
    public async Task An_abort_that_comes_too_late_is_a_conflict()
    {
        var msg = Dtm.Msg().Step("");
        await msg.SubmitAndWaitAsync(Poll.Patience, Cancel);

        var conflict = await Assert.ThrowsAsync<DtmConflictException>(() => msg.AbortAsync(cancellationToken: Cancel));
        Assert.Equal((msg.Gid, GlobalStatus.Succeeded), (conflict.Gid, conflict.Status));
    }

    [Fact]
    public async Task A_wrong_request_names_its_field()
    {
        var saga = Dtm.Saga(new SagaOptions { Gid = new string('x', 200) }).Step("", "");
        var wrong = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => saga.SubmitAsync(Cancel));
        Assert.Contains("gid", wrong.Reason, StringComparison.Ordinal);
        Assert.Equal(saga.Gid, wrong.Gid);
    }

    [Fact]
    public async Task What_does_not_exist_is_null_or_not_found()
    {
        Assert.Null(await Dtm.QueryAsync("no-such-gid", Cancel));
        Assert.Equal("no-such-gid", (await Assert.ThrowsAsync<DtmNotFoundException>(
            () => Dtm.WaitForEndAsync("no-such-gid", Poll.Patience, Cancel))).Gid);
        Assert.Equal(
            "no-such-gid",
            (await Assert.ThrowsAsync<DtmNotFoundException>(() => Dtm.ForceStopAsync("no-such-gid", Cancel))).Gid);
    }

    [Fact]
    public async Task A_coordinator_that_cannot_be_reached_is_told_with_the_gid_it_was_about()
    {
        await using var client = Clients.Of(new Uri("http://127.0.0.1:1"));
        var saga = client.Dtm().Saga().Step("", "");

        var unavailable = await Assert.ThrowsAsync<DtmUnavailableException>(() => saga.SubmitAsync(Cancel));

        Assert.Equal(saga.Gid, unavailable.Gid);
        Assert.NotNull(unavailable.InnerException);
    }

    [Fact]
    public async Task An_error_of_the_coordinator_leaves_the_outcome_open()
    {
        await using var broken = await Participant.Start(_ => new Reply(500, """{"message":"disk full"}"""));
        await using var client = Clients.Of(new Uri(broken.Url));

        var unavailable = await Assert.ThrowsAsync<DtmUnavailableException>(
            () => client.Dtm().Saga().Step("", "").SubmitAsync(Cancel));
        Assert.Equal("disk full", unavailable.Reason);
    }

    [Fact]
    public async Task A_coordinator_that_is_silent_is_waited_for_no_longer_than_agreed()
    {
        await using var silent = await Participant.Start(_ => Reply.Success.After(new Gate()));
        var clock = new FakeTimeProvider();
        await using var client = Clients.Of(
            new Uri(silent.Url),
            o => o.RequestTimeout = TimeSpan.FromSeconds(7),
            services => services.AddSingleton<TimeProvider>(clock));

        var submit = client.Dtm().Saga(new SagaOptions { Gid = "g" }).SubmitAsync(Cancel);
        await silent.Called("/api/dtmsvr/submit");
        clock.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(("g", "no answer within 7 s"), await Told(submit));

        static async Task<(string?, string?)> Told(Task submit)
        {
            var e = await Assert.ThrowsAsync<DtmUnavailableException>(() => submit);
            return (e.Gid, e.Reason);
        }
    }

    [Fact]
    public async Task Cancelling_a_submit_is_a_cancellation_and_no_error_of_the_coordinator()
    {
        await using var silent = await Participant.Start(_ => Reply.Success.After(new Gate()));
        await using var client = Clients.Of(new Uri(silent.Url));
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var submit = client.Dtm().Saga().SubmitAsync(impatient.Token);
        await silent.Called("/api/dtmsvr/submit");
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submit);
    }

    [Fact]
    public async Task What_has_not_ended_in_time_goes_on()
    {
        await using var bank = await Participant.Start(_ => Reply.Ongoing);
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMinutes(5) }).Step(bank.Url + "/out", "");

        var late = await Assert.ThrowsAsync<TimeoutException>(
            () => saga.SubmitAndWaitAsync(AfterTheSubmit, Cancel));

        Assert.Contains(saga.Gid, late.Message, StringComparison.Ordinal);
        Assert.Equal(GlobalStatus.Submitted, (await Dtm.QueryAsync(saga.Gid, Cancel))!.Status);
        await Dtm.ForceStopAsync(saga.Gid, Cancel);
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel)).Status);
    }

    [Fact]
    public async Task Time_is_over_when_it_is_over_though_the_coordinator_still_waits_for_a_branch()
    {
        var gate = new Gate();
        await using var bank = await Participant.Start(_ => Reply.Success.After(gate));
        var saga = Dtm.Saga(new SagaOptions { RequestTimeout = TimeSpan.FromMinutes(1) }).Step(bank.Url + "/out", "");

        await Assert.ThrowsAsync<TimeoutException>(
            () => saga.SubmitAndWaitAsync(AfterTheSubmit, Cancel));

        Assert.False(gate.Opened.IsCompleted);
        gate.Open();
        Assert.True((await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task A_try_that_is_silent_is_given_up_after_its_time_and_cancelled()
    {
        await using var bank = await Participant.Start();
        bank.On("/try", Reply.Success.After(new Gate()));
        var clock = new FakeTimeProvider();
        await using var client = coordinator.Client(
            o => o.BranchTimeout = TimeSpan.FromSeconds(7), services => services.AddSingleton<TimeProvider>(clock));

        var run = client.Dtm().TccAsync(
            tcc => tcc.CallBranchAsync(bank.Url + "/try", bank.Url + "/confirm", bank.Url + "/cancel", 1),
            cancellationToken: Cancel);
        var call = await bank.Called("/try");
        clock.Advance(TimeSpan.FromSeconds(7));

        var silent = await Assert.ThrowsAsync<BranchUnavailableException>(() => run);
        Assert.Equal((call.Gid, "no answer within 7 s"), (silent.Gid, silent.Reason));
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(call.Gid, Poll.Patience, Cancel)).Status);
        Assert.Single(bank.On("/cancel"));
    }

    [Fact]
    public async Task A_branch_that_answers_neither_yes_nor_no_is_told_from_one_that_refuses()
    {
        await using var bank = await Participant.Start();
        bank.On("/try", Reply.Error, Reply.Ongoing, new Reply(200, """{"dtm_result":"FAILURE"}"""));

        Assert.Contains(
            "boom", (await Assert.ThrowsAsync<BranchUnavailableException>(Try)).Reason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<BranchOngoingException>(Try);
        // Old participants answer so: the word in the body counts, whatever the status code.
        await Assert.ThrowsAsync<BranchFailureException>(Try);
        Assert.All(
            await Task.WhenAll(bank.On("/try").Select(call => Dtm.WaitForEndAsync(call.Gid, Poll.Patience, Cancel))),
            end => Assert.Equal(GlobalStatus.Failed, end.Status));

        Task Try() => Dtm.TccAsync(
            tcc => tcc.CallBranchAsync(bank.Url + "/try", bank.Url + "/confirm", bank.Url + "/cancel", 1),
            cancellationToken: Cancel);
    }

    [Fact]
    public async Task An_answer_without_end_is_no_answer()
    {
        await using var bank = await Participant.Start(
            _ => new Reply(200, new string('x', DtmHttpClients.ResponseBytesMax + 1)));
        await Assert.ThrowsAsync<BranchUnavailableException>(
            () => Dtm.TccAsync(tcc => tcc.CallBranchAsync(bank.Url + "/try", "", "", 1), cancellationToken: Cancel));
    }

    [Fact]
    public async Task An_abort_that_does_not_arrive_hides_not_why_it_was_due()
    {
        await using var broken = await Participant.Start(call =>
            call.Path.EndsWith("/abort", StringComparison.Ordinal)
                ? new Reply(503, """{"message":"down"}""")
                : Reply.Success);
        await using var client = Clients.Of(new Uri(broken.Url));

        await Assert.ThrowsAsync<DivideByZeroException>(
            () => client.Dtm().TccAsync(_ => throw new DivideByZeroException(), cancellationToken: Cancel));
        Assert.Equal("/api/dtmsvr/abort", broken.Paths.Last());
    }

    [Theory]
    [InlineData("ftp://coordinator")]
    [InlineData("/relative")]
    public async Task Settings_that_cannot_work_are_refused(string server)
    {
        await using var client = Clients.Of(new Uri(server, UriKind.RelativeOrAbsolute));
        Assert.Contains(
            "DtmOptions.Server",
            Assert.Throws<OptionsValidationException>(() => client.Dtm()).Message,
            StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
