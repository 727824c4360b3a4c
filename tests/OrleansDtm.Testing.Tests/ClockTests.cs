using System.Net;
using OrleansDtm.Client;
using Xunit;

namespace OrleansDtm.Testing.Tests;

/// <summary>When time passes, and when it must not.</summary>
public sealed class ClockTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Time_stands_still_while_a_branch_runs()
    {
        var (dtm, hotel) = await Service.Start(options => options.Patience = TimeSpan.FromMilliseconds(300));
        await using var _ = dtm;
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        hotel.Answer("/slow", async () =>
        {
            entered.SetResult();
            await release.Task;
            return HttpStatusCode.OK;
        });
        dtm.Branch($"{Service.Url}/book").FailsTimes(1);
        var slow = dtm.Client.Saga().Step($"{Service.Url}/slow", "");
        await slow.SubmitAsync(Cancel);
        await entered.Task;
        var other = Service.Saga(dtm);
        await other.SubmitAsync(Cancel);

        var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(other.Gid).ShouldHaveSucceeded);

        Assert.Contains(
            $"the call 01 action {Service.Url}/slow of {slow.Gid}", error.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, dtm.Clock.Elapsed);
        release.SetResult();
        await dtm.Saga(slow.Gid).ShouldHaveSucceeded();
        await dtm.Saga(other.Gid).ShouldHaveSucceeded();
    }

    [Fact]
    public async Task Time_never_jumps_during_any_of_many_calls()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        var (calls, jumps) = (0, 0);
        foreach (var path in (string[])["/book", "/pay", "/pay-undo", "/book-undo"])
        {
            hotel.Answer(path, async () =>
            {
                var before = dtm.Clock.Elapsed;
                for (var i = 0; i < 50; i++)
                {
                    await Task.Yield();
                }

                Interlocked.Add(ref jumps, before == dtm.Clock.Elapsed ? 0 : 1);
                var turn = Interlocked.Increment(ref calls);
                return turn % 3 == 0 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK;
            });
        }

        dtm.Branch($"{Service.Url}/pay").TimesOut().LosesAnswer().ArrivesLate(TimeSpan.FromMinutes(1)).DeliversTwice();
        string[] gids = [.. Enumerable.Range(0, 200).Select(static i => $"saga-{i}")];
        await Parallel.ForEachAsync(
            gids,
            Cancel,
            async (gid, cancel) => await Service.Saga(dtm, new SagaOptions { Gid = gid }).SubmitAsync(cancel));
        await Task.WhenAll(gids.Select(gid => dtm.Saga(gid).ShouldHaveSucceeded()));

        await dtm.WhenIdle();
        Assert.Equal(0, jumps);
        Assert.True(calls > 1000, $"{calls} calls");
    }

    [Fact]
    public async Task A_prepared_transaction_does_not_time_out_while_its_submitter_works()
    {
        var (dtm, _) = await Service.Start(options => options.Patience = TimeSpan.FromMilliseconds(300));
        await using var __ = dtm;
        dtm.Branch($"{Service.Url}/pay").FailsTimes(5);
        var saga = Service.Saga(dtm);

        var result = await dtm.Client.TccAsync(
            async tcc =>
            {
                await saga.SubmitAsync(Cancel);

                // Its retries need minutes, but the TCC would time out after 35 s.
                var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(saga.Gid).ShouldHaveSucceeded);
                Assert.Contains($"prepared transaction {tcc.Gid}", error.Message, StringComparison.Ordinal);
                Assert.True(dtm.Clock.Elapsed < TimeSpan.FromSeconds(35));
            },
            cancellationToken: Cancel);

        await dtm.Tcc(result.Gid).ShouldHaveSucceeded();
        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();
    }

    [Fact]
    public async Task An_abandoned_prepared_transaction_times_out_when_a_test_waits_for_it()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        var (prepared, hanging) = (new TaskCompletionSource(), new TaskCompletionSource());
        var tcc = dtm.Client.TccAsync(
            _ =>
            {
                prepared.SetResult();
                return hanging.Task;
            },
            new TransOptions { Gid = "abandoned" },
            Cancel);
        await prepared.Task;

        await dtm.Tcc("abandoned").ShouldHaveFailed("Timeout");

        Assert.Equal(TimeSpan.FromSeconds(35), dtm.Clock.Elapsed);
        hanging.SetResult();
        await Assert.ThrowsAnyAsync<DtmException>(() => tcc);
    }

    [Fact]
    public async Task Without_AutoAdvance_only_Advance_moves_the_time()
    {
        var (dtm, hotel) = await Service.Start(options => options.AutoAdvance = false);
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/book").FailsTimes(2);
        var saga = Service.Saga(dtm);
        await saga.SubmitAsync(Cancel);

        await dtm.Saga(saga.Gid).ShouldBeWaiting();
        var due = Assert.NotNull(dtm.Saga(saga.Gid).NextDue);
        Assert.InRange((due - dtm.Clock.GetUtcNow()).TotalSeconds, 10, 12);
        var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(saga.Gid).ShouldHaveSucceeded);
        Assert.Contains("AutoAdvance", error.Message, StringComparison.Ordinal);

        await dtm.Clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Single(dtm.Saga(saga.Gid).Calls);
        await dtm.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, dtm.Saga(saga.Gid).Calls.Count);
        Assert.Equal(TimeSpan.FromSeconds(12), dtm.Clock.Elapsed);

        await dtm.Clock.Advance(TimeSpan.FromHours(1));
        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();
        Assert.InRange((dtm.Saga(saga.Gid).Calls[2].At - dtm.Clock.Start).TotalSeconds, 30, 36);
        Assert.Equal(["/book", "/pay"], hotel.Calls);
    }

    [Fact]
    public async Task A_holder_stops_the_time()
    {
        var (dtm, _) = await Service.Start(options => options.Patience = TimeSpan.FromMilliseconds(300));
        await using var __ = dtm;
        dtm.Branch($"{Service.Url}/book").FailsTimes(1);
        var saga = Service.Saga(dtm);
        using (dtm.Clock.Hold())
        {
            await saga.SubmitAsync(Cancel);
            var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(saga.Gid).ShouldHaveSucceeded);
            Assert.Contains("Clock.Hold", error.Message, StringComparison.Ordinal);
            Assert.Equal(TimeSpan.Zero, dtm.Clock.Elapsed);
        }

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();
    }

    [Fact]
    public async Task Timers_of_the_application_fire_when_the_time_passes_them()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        var fired = new List<TimeSpan>();
        await using var once = dtm.Clock.CreateTimer(
            _ => fired.Add(dtm.Clock.Elapsed), null, TimeSpan.FromMinutes(30), Timeout.InfiniteTimeSpan);
        var delay = Task.Delay(TimeSpan.FromMinutes(90), dtm.Clock, Cancel);

        await dtm.Clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal([TimeSpan.FromHours(1)], fired);
        Assert.False(delay.IsCompleted);
        await dtm.Clock.Advance(TimeSpan.FromHours(1));
        await delay;
    }
}
