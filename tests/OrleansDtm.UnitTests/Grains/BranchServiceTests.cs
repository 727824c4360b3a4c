using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// The grain of a service ends when it is idle, but calls reach the service without the grain. It relies on this count.
/// </summary>
public sealed class BranchServiceTests : IBranchInvoker, IDisposable
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TaskCompletionSource<Outcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CallLimits _limits = new(10, 10);
    private readonly BranchService _service;
    private TimeSpan? _told;

    public BranchServiceTests()
    {
        var metrics = new BranchMetrics(_provider.GetRequiredService<IMeterFactory>());
        _service = new BranchService("bank:80", this, this, TimeProvider.System, 1, _limits, metrics);
    }

    [Fact]
    public async Task A_service_is_idle_when_it_was_not_called_between_two_looks()
    {
        Assert.True(_service.WasIdle());
        var call = Call(60_000);
        Assert.False(_service.WasIdle());
        Assert.False(_service.WasIdle()); // The call is still in flight.
        _answer.SetResult(Outcome.Succeeded);
        await call;
        Assert.True(_service.WasIdle());

        await Call(60_000);
        Assert.False(_service.WasIdle());
        Assert.True(_service.WasIdle());
    }

    [Fact]
    public async Task The_end_of_all_calls_waits_for_those_under_way_and_those_that_queue()
    {
        var call = Call(60_000);
        var crowded = await Call(1);
        var queued = Call(60_000);
        var ended = _service.Ended(TestContext.Current.CancellationToken);

        Assert.Equal((OutcomeKind.NotSent, "1 calls to bank:80 are in flight; no call "
            + "slot became free within the request timeout"), (crowded.Outcome.Kind, crowded.Outcome.Error));
        Assert.False(ended.IsCompleted);
        _answer.SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await call).Outcome.Kind);
        Assert.Equal(OutcomeKind.Succeeded, (await queued).Outcome.Kind);
        await ended.WaitAsync(SiloUnderTest.Patience, TestContext.Current.CancellationToken);
        await _service.Ended(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_the_service_asked_for_goes_with_its_answer_and_it_is_told_what_is_left_of_the_budget()
    {
        _answer.SetResult(Outcome.Unknown("busy") with { RetryAfter = TimeSpan.FromSeconds(7) });

        var answer = await Call(60_000);

        Assert.Equal(TimeSpan.FromSeconds(7), answer.Outcome.RetryAfter);
        Assert.InRange(_told!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Cancelled_calls_end_and_give_their_places_back()
    {
        var call = Call(60_000);
        var queued = Call(60_000);
        _limits.Cancel("other");
        Assert.False(call.IsCompleted);
        _limits.Cancel("g1");

        Assert.Equal(OutcomeKind.Unknown, (await call).Outcome.Kind);
        Assert.NotEqual(OutcomeKind.Succeeded, (await queued).Outcome.Kind);
        _answer.SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await Call(60_000)).Outcome.Kind);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_on_its_way_to_the_grain_is_not_made_and_the_next_one_is()
    {
        _limits.Expect(Invocation(60_000));
        _limits.Cancel("g1");
        Assert.NotEqual(OutcomeKind.Succeeded, (await Call(60_000)).Outcome.Kind);
        _limits.NotExpected(Invocation(60_000));

        _answer.SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await Call(60_000)).Outcome.Kind);
    }

    [Fact]
    public async Task Who_stops_waiting_for_the_end_says_so()
    {
        var call = Call(60_000);
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _service.Ended(now.Token));
        _answer.SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await call).Outcome.Kind);
    }

    [Fact]
    public void A_service_is_found_as_long_as_it_is_open_and_another_of_its_name_stays()
    {
        var metrics = new BranchMetrics(_provider.GetRequiredService<IMeterFactory>());
        var services = new BranchServices();
        var other = new BranchService("bank:80", this, this, TimeProvider.System, 1, _limits, metrics);
        services.Open(_service);
        Assert.Same(_service, services.Find("bank:80"));
        services.Open(other);
        services.Close(_service);
        Assert.Same(other, services.Find("bank:80"));
        services.Close(other);
        Assert.Null(services.Find("bank:80"));
    }

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        _told = call.Timeout;
        try
        {
            return await _answer.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Outcome.Unknown("cancelled");
        }
    }

    public void Dispose() => _provider.Dispose();

    private Task<CallResult> Call(long timeoutMs) => _service.Call(Invocation(timeoutMs));

    private static BranchInvocation Invocation(long timeoutMs) => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Protocol = "http",
        BranchId = "01",
        Op = "action",
        Url = "http://bank:80/a",
        Timeout = TimeSpan.FromMilliseconds(timeoutMs),
        Attempt = 1,
    };
}
