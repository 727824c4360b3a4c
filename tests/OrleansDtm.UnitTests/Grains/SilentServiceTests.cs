using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// Services that hang with a day's timeout take the places for slow calls. A service that was silent once, or whose
/// calls only queued for too long, must still be called.
/// </summary>
public sealed class SilentServiceTests : IDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTimeProvider _clock = new();
    private readonly CallLimits _limits = new(16, 16);

    [Fact]
    public async Task A_service_that_was_silent_is_called_again_though_others_hang()
    {
        var bank = new Answers();
        var service = Service("bank:80", bank);
        var late = Call(service, "bank:80", Short);
        _clock.Advance(Short);
        Assert.Equal(OutcomeKind.Unknown, (await Ended(late)).Outcome.Kind);
        Hang();

        var call = Call(service, "bank:80", Short);
        bank.Next().SetResult(Outcome.Succeeded);
        bank.Next().SetResult(Outcome.Succeeded);

        Assert.Equal(OutcomeKind.Succeeded, (await Ended(call)).Outcome.Kind);
    }

    [Fact]
    public async Task A_service_is_not_silent_because_a_call_has_queued_for_its_timeout_or_was_cancelled()
    {
        var bank = new Answers();
        var service = Service("bank:80", bank);
        var first = Call(service, "bank:80", Day / 2, "g1");
        var queued = Call(service, "bank:80", Short);
        _clock.Advance(Short * 0.9);
        bank.Next().SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await Ended(first)).Outcome.Kind);
        var sent = bank.Next();
        await Ended(bank.Called(2));
        _clock.Advance(Short * 0.1);
        Assert.Equal(OutcomeKind.Unknown, (await Ended(queued)).Outcome.Kind);
        Assert.False(sent.Task.IsCompleted);

        var stopped = Call(service, "bank:80", Short);
        await Ended(bank.Called(3));
        _limits.Cancel("g0");
        Assert.Equal(OutcomeKind.Unknown, (await Ended(stopped)).Outcome.Kind);

        while (_limits.Slow.TryEnter(Guid.CreateVersion7().ToString()))
        {
            // Even when no slow call may be made at all.
        }

        bank.Next().SetResult(Outcome.Succeeded);
        bank.Next().SetResult(Outcome.Succeeded);
        Assert.Equal(OutcomeKind.Succeeded, (await Ended(Call(service, "bank:80", Short))).Outcome.Kind);
    }

    public void Dispose() => _provider.Dispose();

    /// <summary>Twenty services that do not answer.</summary>
    private void Hang()
    {
        for (var i = 0; i < 20; i++)
        {
            var name = $"trap{i}:80";
            _ = Call(Service(name, new Answers()), name, Day, $"trap{i}");
        }
    }

    private BranchService Service(string name, IBranchInvoker invoker) => new(
        name, invoker, invoker, _clock, 1, _limits,
        new BranchMetrics(_provider.GetRequiredService<IMeterFactory>()));

    private static Task<CallResult> Call(BranchService service, string name, TimeSpan timeout, string gid = "g0") =>
        service.Call(new BranchInvocation
        {
            Gid = gid,
            Type = TransactionType.Saga,
            Protocol = "http",
            BranchId = "01",
            Op = "action",
            Url = $"http://{name}/a",
            Timeout = timeout,
            Attempt = 1,
        });

    private static Task<T> Ended<T>(Task<T> task) =>
        task.WaitAsync(SiloUnderTest.Patience, TestContext.Current.CancellationToken);

    private static Task Ended(Task task) =>
        task.WaitAsync(SiloUnderTest.Patience, TestContext.Current.CancellationToken);

    /// <summary>Answers calls in their order when told to.</summary>
    private sealed class Answers : IBranchInvoker
    {
        private readonly Lock _lock = new();
        private readonly List<TaskCompletionSource<Outcome>> _answers = [];
        private readonly List<TaskCompletionSource> _called = [];
        private int _calls;
        private int _told;

        public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
        {
            TaskCompletionSource<Outcome> answer;
            lock (_lock)
            {
                answer = At(_answers, _calls);
                At(_called, _calls++).SetResult();
            }

            try
            {
                return await answer.Task.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return Outcome.Unknown("cancelled");
            }
        }

        /// <summary>The answer of the next call.</summary>
        public TaskCompletionSource<Outcome> Next()
        {
            lock (_lock)
            {
                return At(_answers, _told++);
            }
        }

        /// <summary>Completes when the nth call was made, counted from 1.</summary>
        public Task Called(int nth)
        {
            lock (_lock)
            {
                return At(_called, nth - 1).Task;
            }
        }

        private static T At<T>(List<T> list, int index)
            where T : new()
        {
            while (list.Count <= index)
            {
                list.Add(new T());
            }

            return list[index];
        }
    }
}
