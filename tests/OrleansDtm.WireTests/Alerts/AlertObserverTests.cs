using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Alerts;
using OrleansDtm.Grains.Running;
using OrleansDtm.Server;
using Xunit;
using CoreTransaction = OrleansDtm.Core.Transaction;

namespace OrleansDtm.WireTests.Alerts;

/// <summary>The branch responses that cause an alert.</summary>
public sealed class AlertObserverTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Outcome Boom = Outcome.Unknown("boom");

    private readonly AlertOptions _options = new()
    {
        WebHook = new Uri("http://ops/hook"),
        RetryLimit = 3,
        QueueLength = 4,
    };

    [Fact]
    public void From_the_limit_on_each_further_error_in_a_row_is_an_alert()
    {
        var observer = Observer();
        Play(observer, Submitted(TransactionType.Saga), 1, Boom, Boom, Boom, Boom);

        Assert.Equal(
            [new Alert("g1", "submitted", "http://bank/a0", "boom", 3), new Alert(
                "g1", "submitted", "http://bank/a0", "boom", 4)],
            Taken(observer));
    }

    [Fact]
    public void A_secret_in_a_URL_is_not_sent()
    {
        var observer = Observer(limit: 1);
        Play(observer, Submitted(TransactionType.Saga), 1, Outcome.Unknown(
            "http://bank/a0?user=u1&token=sesame refused"));

        Assert.Equal("http://bank/a0?user=u1&token=*** refused", Assert.Single(Taken(observer)).Error);
    }

    [Fact]
    public void An_ongoing_branch_is_healthy_and_ends_the_row()
    {
        var observer = Observer();
        Play(
            observer, Submitted(TransactionType.Saga), 1, Boom, Boom, Outcome.Ongoing(), Boom, Boom, Outcome.Ongoing(),
            Outcome.Ongoing(), Outcome.Succeeded);

        Assert.Empty(Taken(observer));
    }

    [Fact]
    public void A_failure_that_is_an_answer_is_none_and_one_that_is_retried_is_one()
    {
        var observer = Observer(limit: 1);
        var aborting = Play(observer, Submitted(TransactionType.Saga), 1, Outcome.Failed("no money"));
        Assert.Empty(Taken(observer));

        Play(observer, aborting, 0, Outcome.Failed("cannot undo"));

        var alert = Assert.Single(Taken(observer));
        Assert.Equal(("aborting", "http://bank/c0", 1), (alert.Status, alert.Branch, alert.RetryCount));
        Assert.Contains("cannot undo", alert.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_query_of_a_prepared_message_that_finds_nobody_is_an_alert_too()
    {
        var observer = Observer();
        var prepared =
            TransactionMachine.Decide(null, new TransactionEvent.Prepare(Submission(TransactionType.Msg)), Start).Next!;
        var asked =
            TransactionMachine.Decide(prepared, TransactionEvent.TimeDue.Instance, prepared.WakeAt!.Value).Next!;

        Play(observer, asked, CoreTransaction.QueryIndex, Boom, Boom, Boom);

        Assert.Equal(new Alert("g1", "prepared", "http://busi/query", "boom", 3), Assert.Single(Taken(observer)));
    }

    [Fact]
    public void What_was_stopped_meanwhile_is_nobodys_trouble()
    {
        var observer = Observer(limit: 0);
        var running = Submitted(TransactionType.Saga);
        var stopped = TransactionMachine.Decide(running, new TransactionEvent.ForceStop(""), Start).Next!;

        observer.OnBranchAnswered(stopped, new TransactionEvent.BranchAnswered(1, Boom, TimeSpan.Zero));

        Assert.Empty(Taken(observer));
    }

    [Fact]
    public void Beyond_the_length_of_the_queue_the_oldest_go_and_are_counted_and_it_is_said_once()
    {
        var log = new CountingLog();
        var observer = new AlertObserver(_options, log);
        Play(observer, Submitted(TransactionType.Saga), 1, [.. Enumerable.Repeat(Boom, 9)]);

        Assert.Equal([6, 7, 8, 9], Taken(observer).Select(static a => a.RetryCount));
        Assert.Equal((3L, 1), (observer.Dropped, log.Count));
    }

    [Fact]
    public async Task Without_a_webhook_nothing_is_watched()
    {
        await using var off = CoordinatorApp.Build(["--HttpPort=0", "--GrpcPort=0"]);
        await using var on = CoordinatorApp.Build(["--HttpPort=0", "--GrpcPort=0", "--AlertWebHook=http://ops/hook"]);

        Assert.DoesNotContain(off.Services.GetServices<ITransactionObserver>(), static o => o is AlertObserver);
        Assert.Contains(on.Services.GetServices<ITransactionObserver>(), static o => o is AlertObserver);
    }

    private static Submission Submission(TransactionType type) => new(
        new TransactionDefinition
        {
            Gid = "g1",
            Type = type,
            Created = Start,
            QueryPrepared = "http://busi/query",
            Query = new BranchOpDefinition("00", BranchOps.Msg, "http://busi/query", default, Start),
            Options = new TransactionOptions
            {
                TimeoutToFail = type == TransactionType.Msg ? TimeSpan.FromSeconds(35) : TimeSpan.Zero,
            },
        },
        BranchPlan.Of(type, [new BranchStep("http://bank/a0", "http://bank/c0", default)], Start));

    private static CoreTransaction Submitted(TransactionType type) =>
        TransactionMachine.Decide(null, new TransactionEvent.Submit(Submission(type)), Start).Next!;

    private static List<Alert> Taken(AlertObserver observer)
    {
        List<Alert> taken = [];
        while (observer.Queue.TryRead(out var alert))
        {
            taken.Add(alert);
        }

        return taken;
    }

    /// <summary>
    /// Gives the call one outcome after the other and notifies the observer as the runner does. Retries become due in
    /// between.
    /// </summary>
    private static CoreTransaction Play(
        AlertObserver observer, CoreTransaction state, int index, params Outcome[] outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (state.At(index) is { InFlight: false, RetryAt: { } at })
            {
                state = TransactionMachine.Decide(state, TransactionEvent.TimeDue.Instance, at).Next!;
            }

            var answered = new TransactionEvent.BranchAnswered(index, outcome, TimeSpan.Zero);
            state = TransactionMachine.Decide(state, answered, Start).Next!;
            observer.OnBranchAnswered(state, answered);
        }

        return state;
    }

    private AlertObserver Observer(int limit = 3)
    {
        _options.RetryLimit = limit;
        return new AlertObserver(_options, NullLogger<AlertObserver>.Instance);
    }

    private sealed class CountingLog : ILogger<AlertObserver>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Count++;
    }
}
