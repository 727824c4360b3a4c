using System.Net;
using OrleansDtm.Client;
using Xunit;

namespace OrleansDtm.Testing.Tests;

/// <summary>The other patterns of the SDK.</summary>
public sealed class PatternTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tcc_is_confirmed_after_lost_confirms()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/confirm").FailsTimes(5);

        var result = await dtm.Client.TccAsync(Try, cancellationToken: Cancel);

        await dtm.Tcc(result.Gid).ShouldHaveSucceeded();
        Assert.Equal(["/try", "/confirm"], hotel.Calls);
        Assert.True(dtm.Clock.Elapsed > TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task A_try_that_is_refused_or_times_out_is_cancelled()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/try", "refused").Refuses("full");
        dtm.Branch($"{Service.Url}/try", "silent").TimesOut();

        await Assert.ThrowsAsync<BranchFailureException>(
            () => dtm.Client.TccAsync(Try, new TransOptions { Gid = "refused" }, Cancel));
        await Assert.ThrowsAsync<BranchUnavailableException>(
            () => dtm.Client.TccAsync(Try, new TransOptions { Gid = "silent" }, Cancel));

        await dtm.Tcc("refused").ShouldHaveCompensated("01");
        await dtm.Tcc("silent").ShouldHaveCompensated("01");
        Assert.Equal(["/cancel", "/cancel"], hotel.Calls);
        Assert.Equal(TimeSpan.FromSeconds(10), dtm.Clock.Elapsed);
        Assert.Equal(["try", "cancel"], dtm.Tcc("silent").Calls.Select(call => call.Op));
    }

    [Fact]
    public async Task A_message_waits_for_its_delay()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        var msg = dtm.Client.Msg(new MsgOptions { Delay = TimeSpan.FromHours(3) }).Step($"{Service.Url}/remind", 1);
        await msg.SubmitAsync(Cancel);

        await dtm.Msg(msg.Gid).ShouldHaveSucceeded();

        Assert.Equal(["/remind"], hotel.Calls);
        Assert.Equal(TimeSpan.FromHours(3), dtm.Msg(msg.Gid).Calls[0].At - dtm.Clock.Start);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, GlobalStatus.Succeeded)]
    [InlineData(HttpStatusCode.Conflict, GlobalStatus.Failed)]
    public async Task A_submitter_that_died_is_asked_whether_it_committed(HttpStatusCode answer, GlobalStatus end)
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        hotel.Answer("/query", () => Task.FromResult(answer));
        var msg = dtm.Client.Msg().Step($"{Service.Url}/deliver", 1);
        await msg.PrepareAsync($"{Service.Url}/query", Cancel);

        var result = await dtm.Msg(msg.Gid).ShouldHaveEnded();

        Assert.Equal(end, result.Status);
        Assert.Equal(end == GlobalStatus.Succeeded ? ["/query", "/deliver"] : ["/query"], hotel.Calls);
        Assert.Equal(TimeSpan.FromSeconds(35), dtm.Clock.Elapsed);
    }

    [Fact]
    public async Task All_is_idle_while_a_submitter_is_at_work()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        await dtm.Client.Msg().Step($"{Service.Url}/deliver", 1).PrepareAsync($"{Service.Url}/query", Cancel);

        await dtm.WhenIdle();

        Assert.Empty(hotel.Calls);
        Assert.Equal(TimeSpan.Zero, dtm.Clock.Elapsed);
    }

    [Fact]
    public async Task An_interrupted_workflow_is_resumed_in_the_tests_own_client()
    {
        var runs = 0;
        var (dtm, hotel) = await Service.Start(options => options.ConfigureClient = services =>
            services.AddWorkflow<string>("journey", async (workflow, city) =>
            {
                using var booked = await workflow.Http.PostAsync($"{Service.Url}/book-{city}", null);
                if (++runs == 1)
                {
                    throw new InvalidOperationException("the process dies");
                }

                using var paid = await workflow.Http.PostAsync($"{Service.Url}/pay", null);
            }));
        await using var _ = dtm;

        await Assert.ThrowsAsync<InvalidOperationException>(() => dtm.Client.WorkflowAsync(
            "journey", "Oslo", new TransOptions { Gid = "trip", RetryInterval = TimeSpan.FromHours(1) }, Cancel));

        await dtm.Workflow("trip").ShouldHaveSucceeded();
        Assert.Equal(2, runs);
        Assert.Equal(["/book-Oslo", "/pay"], hotel.Calls);
        Assert.InRange(dtm.Clock.Elapsed, TimeSpan.FromHours(1), TimeSpan.FromHours(2));
    }

    [Fact]
    public async Task A_waiting_submit_gets_the_result()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        dtm.Branch($"{Service.Url}/pay").ArrivesLate(TimeSpan.FromSeconds(2));

        var result = await Service.Saga(dtm, new SagaOptions { WaitResult = true }).SubmitAsync(Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(TimeSpan.FromSeconds(2), dtm.Clock.Elapsed);
    }

    private static async Task Try(Tcc tcc) => await tcc.CallBranchAsync(
        $"{Service.Url}/try", $"{Service.Url}/confirm", $"{Service.Url}/cancel", new { nights = 2 });
}
