using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Transactions that receive requests in their own silo and by message.</summary>
public sealed class LiveTransactionTests
{
    [Fact]
    public async Task Asked_where_it_lives_it_needs_no_activation_and_leaves_nothing_in_memory()
    {
        await using var silo = await SiloUnderTest.Start();
        var reply = await Here(
            silo, "g1", SiloUnderTest.Saga("http://bank/a0", "http://bank/a1") with { WaitResult = true });

        Assert.Equal((ReplyKind.Ok, "succeed"), (reply.Kind, reply.Status));
        Assert.Equal(["http://bank/a0", "http://bank/a1"], silo.Calls);
        Assert.False(silo.IsActive("g1"));
        await Gone(silo, "g1");
    }

    [Fact]
    public async Task A_message_reaches_the_same_transaction_and_its_activation_goes_with_it()
    {
        await using var silo = await SiloUnderTest.Start();
        silo.Service = static (_, cancellation) => SiloUnderTest.Hang(cancellation);
        var waits = Here(silo, "g1", SiloUnderTest.Saga("http://bank/a0") with { WaitResult = true });
        await silo.NextCall();

        Assert.Equal("submitted", (await SiloUnderTest.Soon(silo.Grain("g1").RetryNow())).Status);
        Assert.True(silo.IsActive("g1"));
        Assert.False(waits.IsCompleted);
        Assert.Equal("failed", (await SiloUnderTest.Soon(silo.Grain("g1").ForceStop())).Status);
        Assert.Equal("failed", (await waits).Status);

        await silo.Deactivated("g1");
        await Gone(silo, "g1");
        // One read, by the RetryNow that changed nothing. Two instances would have to read each other's writes.
        Assert.Equal(1, silo.Store.Loads);
    }

    [Fact]
    public async Task Two_requests_at_once_for_what_is_not_there_leave_nothing_in_memory()
    {
        await using var silo = await SiloUnderTest.Start();
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        silo.Store.Reading = () =>
        {
            reading.TrySetResult();
            read.Task.GetAwaiter().GetResult();
        };
        var transactions = silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>();
        var first = Task.Run(
            () => transactions.Tell("g1", TransactionEvent.RetryNow.Instance), TestContext.Current.CancellationToken);
        await reading.Task;
        var second = transactions.Tell("g1", TransactionEvent.RetryNow.Instance);
        var gone = Gone(silo, "g1");
        Assert.False(gone.IsCompleted);
        read.SetResult();

        Assert.Equal(ReplyKind.NotFound, (await SiloUnderTest.Soon(first)).Kind);
        Assert.Equal(ReplyKind.NotFound, (await SiloUnderTest.Soon(second)).Kind);
        await gone;
    }

    [Fact]
    public async Task What_waits_long_is_not_kept_in_memory()
    {
        await using var silo = await SiloUnderTest.Start();
        silo.Service = static (_, _) => Task.FromResult(Outcome.Ongoing());
        var reply = await Here(
            silo, "g1", SiloUnderTest.Saga("http://bank/a0") with { WaitResult = true, RetryIntervalMs = 600_000 });

        Assert.Equal("submitted", reply.Status);
        await Gone(silo, "g1");
        silo.Service = static (_, _) => Task.FromResult(Outcome.Succeeded);
        await SiloUnderTest.Soon(silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>().Tell(
            "g1", TransactionEvent.RetryNow.Instance));
        Assert.Equal(TransactionStatus.Succeed, (await silo.Store.Ended("g1")).Status);
    }

    [Fact]
    public async Task A_near_retry_is_made_by_its_own_timer()
    {
        await using var silo = await SiloUnderTest.Start(
            static options => options.SweepInterval = TimeSpan.FromHours(1));
        var answers = new Queue<Outcome>([Outcome.Unknown("reset by peer"), Outcome.Succeeded]);
        silo.Service = (_, _) => Task.FromResult(answers.Dequeue());
        await Here(silo, "g1", SiloUnderTest.Saga("http://bank/a0") with { RetryIntervalMs = 20 });

        Assert.Equal(TransactionStatus.Succeed, (await silo.Store.Ended("g1")).Status);
        await Gone(silo, "g1");
    }

    [Fact]
    public async Task Its_calls_know_nothing_of_the_request_that_brought_it()
    {
        await using var silo = await SiloUnderTest.Start();
        var request = new AsyncLocal<string?>();
        var seen = "nothing yet";
        silo.Service = (_, _) =>
        {
            seen = request.Value;
            return Task.FromResult(Outcome.Succeeded);
        };
        await Task.Run(
            async () =>
        {
            request.Value = "of one client";
            await Here(silo, "g1", SiloUnderTest.Saga("http://bank/a0") with { WaitResult = true });
        }, TestContext.Current.CancellationToken);

        Assert.Null(seen);
    }

    [Fact]
    public async Task A_silo_that_stops_answers_who_waits_and_leaves_the_rest_to_the_next()
    {
        var answer = new TaskCompletionSource<Outcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silo = await SiloUnderTest.Start();
        silo.Service = (call, cancellation) =>
            call.Gid == "waits" ? answer.Task.WaitAsync(cancellation) : SiloUnderTest.Hang(cancellation);
        var waits = Here(silo, "waits", SiloUnderTest.Saga("http://bank/a0") with { WaitResult = true });
        await Here(silo, "hangs", SiloUnderTest.Saga("http://shop/a0"));
        await silo.NextCall();
        await silo.NextCall();
        var stops = silo.Stop();
        await Gone(silo, "hangs");

        var late = await Here(silo, "late", SiloUnderTest.Saga("http://bank/a0"));
        Assert.Equal((ReplyKind.Unavailable, "the coordinator is stopping"), (late.Kind, late.Message));
        Assert.False(waits.IsCompleted);
        answer.SetResult(Outcome.Succeeded);
        Assert.Equal("succeed", (await waits).Status);
        silo.ReleaseCalls();
        await stops;
    }

    private static Task<TransactionReply> Here(SiloUnderTest silo, string gid, Planned plan) => SiloUnderTest.Soon(
        silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>()
            .Tell(gid, new TransactionEvent.Submit(plan.For(gid)), plan.WaitResult));

    private static Task Gone(SiloUnderTest silo, string gid) =>
        silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>()
            .Ended(gid)
            .WaitAsync(SiloUnderTest.Patience);
}
