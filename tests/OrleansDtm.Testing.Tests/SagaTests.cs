using System.Diagnostics;
using OrleansDtm.Client;
using Xunit;

namespace OrleansDtm.Testing.Tests;

public sealed class SagaTests
{
    [Fact]
    public async Task A_saga_succeeds_and_its_calls_are_known()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();

        await dtm.Saga(saga.Gid).ShouldHaveCalled($"{Service.Url}/book", times: 1);
        await dtm.Saga(saga.Gid).ShouldNotHaveCalled($"{Service.Url}/book-undo");
        Assert.Equal(["/book", "/pay"], hotel.Calls);
        Assert.Equal(TimeSpan.Zero, dtm.Clock.Elapsed);
    }

    [Fact]
    public async Task An_hour_of_backoff_passes_at_once()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/pay").FailsTimes(12);
        var started = Stopwatch.GetTimestamp();
        var saga = Service.Saga(dtm);

        var result = await saga.SubmitAndWaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.True(result.Succeeded);
        Assert.True(dtm.Clock.Elapsed > TimeSpan.FromHours(1), $"{dtm.Clock.Elapsed}");
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
        Assert.Equal(1, hotel.Count("/pay"));
        var calls = dtm.Saga(saga.Gid).CallsOf($"{Service.Url}/pay");
        Assert.Equal(Enumerable.Range(1, 13), calls.Select(call => call.Attempt));

        // The coordinator's own backoff: 10 s, doubled, with up to 20 % of jitter.
        Assert.InRange((calls[1].At - calls[0].At).TotalSeconds, 10, 12);
        Assert.InRange((calls[2].At - calls[1].At).TotalSeconds, 20, 24);
    }

    [Fact]
    public async Task A_refused_action_is_compensated()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/pay").Refuses("no money");
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveFailed("no money");

        await dtm.Saga(saga.Gid).ShouldHaveCompensated("01", "02");
        Assert.Equal(["/book", "/pay-undo", "/book-undo"], hotel.Calls);
    }

    [Fact]
    public async Task A_timeout_of_a_call_takes_virtual_time_and_the_branch_does_not_run()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/book").TimesOut(2).AnswersOngoing(2);
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();

        Assert.Equal(["/book", "/pay"], hotel.Calls);
        var calls = dtm.Saga(saga.Gid).CallsOf($"{Service.Url}/book");
        Assert.Equal(TimeSpan.FromSeconds(3), calls[0].Ended - calls[0].At);
        Assert.Equal(
            [
                CallOutcome.Unknown, CallOutcome.Unknown, CallOutcome.Ongoing, CallOutcome.Ongoing,
                CallOutcome.Succeeded,
            ],
            calls.Select(call => call.Outcome));
    }

    [Fact]
    public async Task A_lost_answer_and_a_double_delivery_reach_the_branch_twice()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/book").LosesAnswer();
        dtm.Branch($"{Service.Url}/pay").DeliversTwice();
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();

        Assert.Equal(["/book", "/book", "/pay", "/pay"], hotel.Calls);
    }

    [Fact]
    public async Task A_compensation_that_is_late_still_arrives_after_its_repetition()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/pay").Refuses();
        dtm.Branch($"{Service.Url}/book-undo").ArrivesLate(TimeSpan.FromHours(1)).ArrivesLate(TimeSpan.FromSeconds(2));
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveCompensated("01", "02");
        await dtm.WhenIdle();

        Assert.Equal(2, hotel.Count("/book-undo"));
        var calls = dtm.Saga(saga.Gid).CallsOf($"{Service.Url}/book-undo");
        Assert.Equal([CallOutcome.Unknown, CallOutcome.Succeeded, CallOutcome.Succeeded], calls.Select(c => c.Outcome));
        Assert.Equal(TimeSpan.FromSeconds(2), calls[1].Ended - calls[1].At);
        Assert.Equal(TimeSpan.FromHours(1), calls[2].At - calls[0].At);
    }

    [Fact]
    public async Task A_script_applies_to_each_transaction_or_to_one()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/*").FailsTimes(1);
        dtm.Branch($"{Service.Url}/pay", "unlucky").Refuses();
        foreach (var gid in (string[])["a", "b", "unlucky"])
        {
            await Service.Saga(dtm, new SagaOptions { Gid = gid })
                .SubmitAsync(TestContext.Current.CancellationToken);
        }

        await dtm.Saga("a").ShouldHaveSucceeded();
        await dtm.Saga("b").ShouldHaveSucceeded();
        await dtm.Saga("unlucky").ShouldHaveCompensated();

        Assert.Equal(2, dtm.Saga("a").CallsOf($"{Service.Url}/book").Count);
        Assert.Equal(2, dtm.Saga("b").CallsOf($"{Service.Url}/book").Count);
        Assert.Equal(dtm.Calls.Count, new[] { "a", "b", "unlucky" }.Sum(gid => dtm.Transaction(gid).Calls.Count));
        Assert.Equal(3, hotel.Count("/book"));
    }

    [Fact]
    public async Task A_saga_that_never_ends_fails_its_assertion_soon()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        dtm.Branch($"{Service.Url}/pay").FailsTimes(100_000);
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(saga.Gid).ShouldHaveSucceeded);

        Assert.Contains("AutoAdvanceMax", error.Message, StringComparison.Ordinal);
        Assert.InRange(dtm.Clock.Elapsed, TimeSpan.FromDays(29), TimeSpan.FromDays(31));
    }
}
