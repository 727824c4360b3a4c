using System.Collections.Immutable;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Transaction;

/// <summary>Between the messages that cross grain boundaries and Core's types, which do not.</summary>
internal static class Messages
{
    /// <summary>DTM's id of the call of query_prepared and of a workflow's resumption.</summary>
    private const string CallbackId = "00";

    public static Submission Submission(string gid, SubmissionMessage message, DateTimeOffset now)
    {
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        var type = Names.Type(message.Type);
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = type,
            Created = now,
            Protocol = message.Protocol,
            QueryPrepared = message.QueryPrepared,
            Callback = message.QueryPrepared.Length == 0
                ? null
                : new BranchDefinition(CallbackId, message.CallbackOp, message.QueryPrepared, message.CallbackPayload, now),
            NoticeUrl = message.NoticeUrl,
            CustomData = message.CustomData,
            BranchHeaders = message.BranchHeaders?.ToImmutableDictionary() ?? ImmutableDictionary<string, string>.Empty,
            Trace = message.TraceParent is { } parent ? new TraceContext(parent, message.TraceState ?? "") : null,
            Options = new TransactionOptions
            {
                TimeoutToFail = TimeSpan.FromMilliseconds(message.TimeoutToFailMs),
                RetryInterval = TimeSpan.FromMilliseconds(message.RetryIntervalMs),
                RetryIntervalNamed = message.Named.HasFlag(SubmissionOptions.RetryInterval),
                RetryIntervalMax = TimeSpan.FromMilliseconds(message.RetryIntervalMaxMs),
                RequestTimeout = TimeSpan.FromMilliseconds(message.RequestTimeoutMs),
                RetryLimit = message.RetryLimit,
                Concurrent = message.Concurrent,
                WaitResult = message.WaitResult,
                Delay = TimeSpan.FromMilliseconds(message.DelayMs),
                Orders = message.Orders?.ToImmutableDictionary(static o => o.Key, static o => o.Value.ToImmutableArray())
                    ?? ImmutableDictionary<int, ImmutableArray<int>>.Empty,
            },
        };
        var steps = message.Steps.Select(static s => new BranchStep(s.Action, s.Compensate, s.Payload, s.Subscribers));
        return new Submission(definition, BranchPlan.Of(type, steps, now), (NamedOptions)message.Named);
    }

    public static TransactionEvent.Register Register(RegisterMessage message, DateTimeOffset now) => new(
        Names.Type(message.Type),
        BranchPlan.Registered(
            message.BranchId,
            message.Calls.Select(static c => (c.Op, c.Url)),
            message.Payload,
            now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond))),
        message.Status switch
        {
            "succeed" => BranchStatus.Succeed,
            "failed" => BranchStatus.Failed,
            _ => BranchStatus.Prepared,
        });

    public static BranchCallMessage Call(BranchCall call, Core.Transaction state, TimeSpan timeout)
    {
        var definition = state.Definition;
        return new BranchCallMessage
        {
            Gid = definition.Gid,
            Type = Names.Of(definition.Type),
            Protocol = definition.Protocol,
            BranchId = call.Branch.Id,
            Op = call.Branch.Op,
            Url = call.Branch.Url,
            Payload = call.Branch.Payload,
            Headers = definition.BranchHeaders.IsEmpty ? null : definition.BranchHeaders,
            TimeoutMs = (long)Math.Ceiling(timeout.TotalMilliseconds),
            Attempt = call.Attempt,
            TraceParent = definition.Trace?.Parent,
            TraceState = definition.Trace?.State,
        };
    }

    public static Outcome Outcome(BranchAnswer answer) => answer.Outcome switch
    {
        BranchOutcome.Succeeded => Core.Outcome.Succeeded,
        BranchOutcome.Failed => Core.Outcome.Failed(answer.Error ?? ""),
        BranchOutcome.Ongoing => Core.Outcome.Ongoing(answer.Error) with { RetryAfter = answer.RetryAfter },
        BranchOutcome.Unknown => Core.Outcome.Unknown(answer.Error ?? "") with { RetryAfter = answer.RetryAfter },
        BranchOutcome.NotSent => Core.Outcome.NotSent(answer.Error ?? ""),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Outcome, "An answer needs an outcome."),
    };
}
