using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>A pending event and the request that waits for its decision.</summary>
internal sealed class PendingEvent
{
    public PendingEvent(TransactionEvent occurred, bool wait)
    {
        Event = occurred;
        Wait = wait;

        // Continuations must not run inside the pump: they could add an event in the middle of a step.
        Reply = new TaskCompletionSource<TransactionReply>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private PendingEvent(TransactionEvent occurred) => Event = occurred;

    public TransactionEvent Event { get; }

    public bool Wait { get; }

    /// <summary>
    /// True if the request waits for the result because its prepare set wait_result. Set with each decision.
    /// </summary>
    public bool PrepareAskedToWait { get; set; }

    /// <summary>The reply to complete; null = no request.</summary>
    public TaskCompletionSource<TransactionReply>? Reply { get; }

    public Rejection? Rejection { get; set; }

    /// <summary>traceparent of the request's span; null = not traced.</summary>
    public string? Caller { get; init; }

    /// <summary>Completes the request.</summary>
    public void Answer(TransactionReply reply) =>
        Reply?.TrySetResult(PrepareAskedToWait ? reply with { Waited = true } : reply);

    public static PendingEvent Internal(TransactionEvent occurred) => new(occurred);
}
