using System.Diagnostics;
using System.Net.Http.Json;
using OrleansDtm.Client;
using Xunit;

namespace OrleansDtm.Testing.Tests;

public sealed class HostTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_sagas_with_hours_of_retries_end_within_seconds()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        dtm.Branch($"{Service.Url}/book").FailsTimes(6);
        dtm.Branch($"{Service.Url}/pay").FailsTimes(20);
        var started = Stopwatch.GetTimestamp();

        string[] gids = [.. Enumerable.Range(0, 1000).Select(static i => $"saga-{i}")];
        await Parallel.ForEachAsync(
            gids,
            Cancel,
            async (gid, cancel) => await Service.Saga(dtm, new SagaOptions { Gid = gid }).SubmitAsync(cancel));
        await Task.WhenAll(gids.Select(gid => dtm.Saga(gid).ShouldHaveSucceeded()));

        var took = Stopwatch.GetElapsedTime(started);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"1,000 sagas, {dtm.Calls.Count} calls, {dtm.Clock.Elapsed} of virtual time in {took}");
        Assert.True(dtm.Clock.Elapsed > TimeSpan.FromHours(2));
        Assert.Equal(1000, hotel.Count("/book"));
        Assert.Equal(28_000, dtm.Calls.Count);
        Assert.True(took < TimeSpan.FromSeconds(40), $"{took}");
    }

    [Fact]
    public async Task Hosts_run_side_by_side_and_start_fast()
    {
        await using (await DtmTestHost.StartAsync(cancellationToken: Cancel))
        {
            // The first one loads the assemblies.
        }

        var started = Stopwatch.GetTimestamp();
        await using (await DtmTestHost.StartAsync(cancellationToken: Cancel))
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"start: {Stopwatch.GetElapsedTime(started)}");
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
            started = Stopwatch.GetTimestamp();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"stop: {Stopwatch.GetElapsedTime(started)}");
        await Task.WhenAll(Enumerable.Range(1, 5).Select(async i =>
        {
            var (dtm, hotel) = await Service.Start();
            await using var _ = dtm;
            dtm.Branch($"{Service.Url}/book").FailsTimes(i);
            var saga = Service.Saga(dtm, new SagaOptions { Gid = "the same" });
            await saga.SubmitAsync(Cancel);
            await dtm.Saga("the same").ShouldHaveSucceeded();
            Assert.Equal(i + 1, dtm.Saga("the same").CallsOf($"{Service.Url}/book").Count);
            Assert.Equal(["/book", "/pay"], hotel.Calls);
        }));
    }

    [Fact]
    public async Task A_branch_that_no_service_serves_is_named()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        var saga = dtm.Client.Saga().Step("http://flight/book", "http://flight/undo", 1);
        await saga.SubmitAsync(Cancel);

        var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga(saga.Gid).ShouldHaveSucceeded);

        Assert.Contains(
            "http://flight/book: no branch service http://flight is registered (registered: hotel). Add it with "
            + "dtm.AddBranches(\"http://flight\", handler), or set options.AllowNetwork.",
            error.Message,
            StringComparison.Ordinal);

        // A try is called by the SDK, so the submitter gets the error.
        var unavailable = await Assert.ThrowsAsync<BranchUnavailableException>(() => dtm.Client.TccAsync(
            tcc => tcc.CallBranchAsync("http://flight/try", "http://flight/c", "http://flight/d", 1),
            cancellationToken: Cancel));
        Assert.Contains("no branch service http://flight", unavailable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_is_added_by_its_base_URL()
    {
        await using var dtm = await DtmTestHost.StartAsync(cancellationToken: Cancel);
        Assert.Throws<ArgumentException>(() => dtm.AddBranches("hotel", new Service()));
        Assert.Throws<ArgumentException>(() => dtm.AddBranches("http://hotel/book", new Service()));
        dtm.AddBranches("http://flight:8080/", new Service());
        await dtm.Client.Saga().Step("http://flight:8080/book", "", 1).SubmitAsync(Cancel);
        await dtm.WhenIdle();
        Assert.Equal(CallOutcome.Succeeded, Assert.Single(dtm.Calls).Outcome);
    }

    [Fact]
    public async Task A_failed_assertion_shows_the_timeline()
    {
        var (dtm, _) = await Service.Start();
        await using var __ = dtm;
        dtm.Branch($"{Service.Url}/book").TimesOut();
        dtm.Branch($"{Service.Url}/pay").Refuses("no money");
        var saga = Service.Saga(dtm, new SagaOptions { Gid = "trip", RetryInterval = TimeSpan.FromHours(1) });
        await saga.SubmitAsync(Cancel);

        var error = await Assert.ThrowsAsync<DtmTestException>(dtm.Saga("trip").ShouldHaveSucceeded);

        var retry = dtm.Saga("trip").CallsOf($"{Service.Url}/book")[1].At - dtm.Clock.Start;
        var at = $"+{retry:hh\\:mm\\:ss\\.fff}";
        Assert.Equal(
            $"""
            The transaction trip should have succeeded, but failed.
            saga trip, virtual time since its start:
              +00:00:00.000  submitted
              +00:00:00.000  01 action     http://hotel/book attempt 1: error: no answer within the request timeout at +00:00:03.000 [script: times out]
              {at}  01 action     http://hotel/book attempt 2: succeeded
              {at}  02 action     http://hotel/pay attempt 1: FAILURE: no money [script: refuses]
              {at}  aborting
              {at}  02 compensate http://hotel/pay-undo attempt 1: succeeded
              {at}  01 compensate http://hotel/book-undo attempt 1: succeeded
              {at}  failed
              rollback reason: {dtm.Saga("trip").RollbackReason}
            """,
            error.Message.ReplaceLineEndings("\n"));
        await Assert.ThrowsAsync<DtmTestException>(() => dtm.Saga("trip").ShouldHaveCompensated("01"));
        await Assert.ThrowsAsync<DtmTestException>(() => dtm.Saga("trip").ShouldHaveFailed("another reason"));
        await Assert.ThrowsAsync<DtmTestException>(() => dtm.Tcc("trip").ShouldHaveFailed());
        await Assert.ThrowsAsync<DtmTestException>(() => dtm.Saga("trip").ShouldHaveCalled($"{Service.Url}/pay", 2));
        await Assert.ThrowsAsync<DtmTestException>(() => dtm.Saga("trip").ShouldBeWaiting());
        var unknown = await Assert.ThrowsAsync<DtmTestException>(() => dtm.Saga("other").ShouldHaveFailed());
        Assert.Contains("does not exist", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ports_are_opened_on_request_only()
    {
        var (dtm, hotel) = await Service.Start(static options => options.OpenPorts = true);
        await using var _ = dtm;
        using var http = new HttpClient();
        var body = new
        {
            gid = "from outside",
            trans_type = "saga",
            steps = new[] { new { action = $"{Service.Url}/book", compensate = "" } },
            payloads = new[] { "1" },
        };
        using var answer = await http.PostAsJsonAsync($"{dtm.Url}api/dtmsvr/submit", body, Cancel);
        Assert.True(answer.IsSuccessStatusCode);
        await dtm.Saga("from outside").ShouldHaveSucceeded();
        await Service.Saga(dtm).SubmitAndWaitAsync(TimeSpan.FromMinutes(1), Cancel);
        Assert.Equal(["/book", "/book", "/pay"], hotel.Calls);
        Assert.NotEqual(dtm.Url.Port, dtm.GrpcUrl.Port);

        await using var other = await DtmTestHost.StartAsync(cancellationToken: Cancel);
        Assert.Throws<InvalidOperationException>(() => other.Url);
    }
}
