using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// The grains in a silo: the runner's guarantees hold with Orleans' scheduler, timers and deactivation.
/// </summary>
public sealed class GrainTests
{
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_saga_that_is_submitted_ends_and_its_activation_goes()
    {
        await using var silo = await SiloUnderTest.Start();
        var reply = await silo.Submit(
            "g1", SiloUnderTest.Saga("http://bank/a0", "http://bank/a1") with { WaitResult = true });

        Assert.Equal((ReplyKind.Ok, "succeed"), (reply.Kind, reply.Status));
        Assert.Equal(["http://bank/a0", "http://bank/a1"], silo.Calls);
        Assert.Equal(3, (await silo.Store.Ended("g1")).Version);
        await silo.Deactivated("g1");
    }

    [Fact]
    public async Task Requests_are_answered_while_a_branch_hangs()
    {
        await using var silo = await SiloUnderTest.Start();
        silo.Service = static (_, cancellation) => SiloUnderTest.Hang(cancellation);
        var saga = SiloUnderTest.Saga("http://bank/a0");
        await silo.Submit("g1", saga);
        var waits = silo.Submit("g1", saga with { WaitResult = true });
        await silo.NextCall();

        Assert.Equal((ReplyKind.Ok, "submitted"), Short(await silo.Submit("g1", saga)));
        Assert.Equal((ReplyKind.Ok, "submitted"), Short(await SiloUnderTest.Soon(silo.Grain("g1").RetryNow())));
        Assert.False(waits.IsCompleted);
        Assert.Equal((ReplyKind.Ok, "failed"), Short(await SiloUnderTest.Soon(silo.Grain("g1").ForceStop())));
        Assert.Equal((ReplyKind.Ok, "failed"), Short(await waits));

        await silo.Deactivated("g1"); // although the call still hangs
        Assert.Equal(["http://bank/a0"], silo.Calls);
    }

    [Fact]
    public async Task A_retry_that_is_near_is_made_by_the_activations_own_timer()
    {
        await using var silo = await SiloUnderTest.Start(static options => options.SweepInterval = Never);
        var answers = new Queue<Outcome>([Outcome.Unknown("reset by peer"), Outcome.Ongoing(), Outcome.Succeeded]);
        silo.Service = (_, _) => Task.FromResult(answers.Dequeue());
        var paused = await silo.Submit(
            "g1", SiloUnderTest.Saga("http://bank/a0") with { WaitResult = true, RetryIntervalMs = 20 });

        Assert.Equal("submitted", paused.Status);
        Assert.Equal(TransactionStatus.Succeed, (await silo.Store.Ended("g1")).Status);
        Assert.Equal(3, silo.Calls.Count());
    }

    [Fact]
    public async Task A_retry_that_is_far_is_made_by_the_sweep()
    {
        await using var silo = await SiloUnderTest.Start(static options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(20);
            options.KeepAlive = TimeSpan.Zero;
        });
        var answers = new Queue<Outcome>([Outcome.Ongoing(), Outcome.Succeeded]);
        silo.Service = (_, _) => Task.FromResult(answers.Dequeue());
        await silo.Submit("g1", SiloUnderTest.Saga("http://bank/a0") with { RetryIntervalMs = 100 });

        Assert.Equal(TransactionStatus.Succeed, (await silo.Store.Ended("g1")).Status);
    }

    [Fact]
    public async Task The_sweep_takes_up_what_nobody_works_on_and_leaves_the_rest_to_its_owner()
    {
        var store = new WatchedStore();
        var now = TimeProvider.System.GetUtcNow();
        await store.Interrupted("owned", now, Never);
        await store.Interrupted("left-1", now - Never, TimeSpan.FromSeconds(3));
        await using var silo = await SiloUnderTest.Start(
            static options => options.SweepInterval = TimeSpan.FromMilliseconds(20), store);
        await store.Ended("left-1");
        await store.Interrupted("left-2", now - Never, TimeSpan.FromSeconds(3));
        await store.Ended("left-2");

        Assert.Equal(2, silo.Calls.Count());
        Assert.Equal(99, (await store.Load("owned", TestContext.Current.CancellationToken))!.Owner);
    }

    [Fact]
    public async Task The_sole_owner_takes_over_at_once_what_was_interrupted()
    {
        var store = new WatchedStore();
        for (var i = 0; i < 5; i++)
        {
            await store.Interrupted($"g{i}", TimeProvider.System.GetUtcNow(), Never);
        }

        await using var silo = await SiloUnderTest.Start(
            static options =>
            {
                options.SoleOwner = true;
                options.SweepPageSize = 2;
            },
            store);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(TransactionStatus.Succeed, (await store.Ended($"g{i}")).Status);
        }

        Assert.Equal(5, silo.Calls.Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_cannot_be_woken_does_not_keep_the_others_asleep(bool soleOwner)
    {
        var store = new WatchedStore { PoisonedGid = "poisoned" };
        var now = TimeProvider.System.GetUtcNow();
        await store.Interrupted("poisoned", now - (2 * Never), TimeSpan.FromSeconds(3));
        await store.Interrupted("healthy", now - Never, TimeSpan.FromSeconds(3));
        await using var silo = await SiloUnderTest.Start(
            options =>
            {
                options.SoleOwner = soleOwner;
                options.SweepPageSize = 1;
                options.SweepConcurrency = 1;
            },
            store);

        Assert.Equal(TransactionStatus.Succeed, (await store.Ended("healthy")).Status);
    }

    [Fact]
    public async Task A_service_that_hangs_fills_its_own_places_and_no_others()
    {
        await using var silo = await SiloUnderTest.Start(static options => options.BranchCallsPerServiceMax = 2);
        silo.Service = static (call, cancellation) => call.Url.Contains("slow", StringComparison.OrdinalIgnoreCase)
            ? SiloUnderTest.Hang(cancellation)
            : Task.FromResult(Outcome.Succeeded);
        await silo.Submit("slow-1", SiloUnderTest.Saga("http://slow:80/a0"));
        await silo.Submit("slow-2", SiloUnderTest.Saga("http://SLOW:80/a0"));
        await silo.NextCall();
        await silo.NextCall();

        var crowded = silo.Submit(
            "slow-3",
            SiloUnderTest.Saga("http://teller:secret@slow:80/a0") with { WaitResult = true, RequestTimeoutMs = 200 });
        var fast = await silo.Submit(
            "fast", SiloUnderTest.Saga("http://fast/a0", "http://fast/a1") with { WaitResult = true });

        Assert.Equal("succeed", fast.Status);
        Assert.Equal("submitted", (await crowded).Status);
        Assert.Equal(
            "2 calls to slow:80 are in flight; no call slot became free within the request timeout",
            (await crowded).LastError);
        Assert.Equal(4, silo.Calls.Count()); // The third slow transaction made no call.
    }

    [Fact]
    public async Task A_type_that_does_not_exist_is_refused()
    {
        await using var silo = await SiloUnderTest.Start();
        var reply = await silo.Submit("g1", SiloUnderTest.Saga("http://bank/a0") with { Type = TransactionType.None });

        Assert.Equal((ReplyKind.Invalid, "trans_type: 'None' is not supported"), (reply.Kind, reply.Message));
        await silo.Deactivated("g1");
    }

    private static (ReplyKind Kind, string Status) Short(TransactionReply reply) => (reply.Kind, reply.Status);
}
