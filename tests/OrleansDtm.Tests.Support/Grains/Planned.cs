using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Tests.Support.Grains;

/// <summary>A transaction that a test submits, under one or several gids. Durations are milliseconds.</summary>
internal sealed record Planned
{
    public required TransactionType Type { get; init; }

    public IReadOnlyList<BranchStep> Steps { get; init; } = [];

    public long TimeoutToFailMs { get; init; }

    public long RetryIntervalMs { get; init; } = 10_000;

    public long RetryIntervalMaxMs { get; init; } = 600_000;

    public long RequestTimeoutMs { get; init; } = 3000;

    public bool WaitResult { get; init; }

    public Submission For(string gid)
    {
        var now = DateTimeOffset.UtcNow;
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = Type,
            Created = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)),
            Options = new TransactionOptions
            {
                TimeoutToFail = TimeSpan.FromMilliseconds(TimeoutToFailMs),
                RetryInterval = TimeSpan.FromMilliseconds(RetryIntervalMs),
                RetryIntervalMax = TimeSpan.FromMilliseconds(RetryIntervalMaxMs),
                RequestTimeout = TimeSpan.FromMilliseconds(RequestTimeoutMs),
                WaitResult = WaitResult,
            },
        };
        return new Submission(definition, BranchPlan.Of(Type, Steps, definition.Created));
    }
}

/// <summary>Sends messages to a transaction's grain, as another silo does.</summary>
internal sealed class Reached(ITransactionGrain grain, string gid)
{
    public ITransactionGrain Grain => grain;

    public Task<TransactionReply> Submit(Planned plan) =>
        Tell(new TransactionEvent.Submit(plan.For(gid)), plan.WaitResult);

    public Task<TransactionReply> Prepare(Planned plan) => Tell(new TransactionEvent.Prepare(plan.For(gid)));

    public Task<TransactionReply> Abort(TransactionType type) =>
        Tell(new TransactionEvent.Abort(type, "changed its mind"));

    public Task<TransactionReply> Register(
        TransactionType type, string branchId, params (string Op, string Url)[] calls) =>
        Tell(
            new TransactionEvent.Register(
                type,
                BranchPlan.Registered(branchId, calls, ReadOnlyMemory<byte>.Empty, DateTimeOffset.UnixEpoch),
                BranchStatus.Prepared));

    public Task<TransactionReply> RetryNow() => Tell(TransactionEvent.RetryNow.Instance);

    public Task<TransactionReply> ForceStop() => Tell(new TransactionEvent.ForceStop(""));

    public Task<TransactionReply> Tell(TransactionEvent occurred, bool wait = false) =>
        grain.Tell(new EventMessage(occurred, wait));
}
