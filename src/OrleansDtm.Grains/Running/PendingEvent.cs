using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>An event that waits to be decided, and whoever waits for the decision.</summary>
internal sealed class PendingEvent
{
    public PendingEvent(TransactionEvent occurred, bool wait)
    {
        Event = occurred;
        Wait = wait;

        // Continuations must not run inside the pump: they could bring in the next event half-way through a step.
        Reply = new TaskCompletionSource<TransactionReply>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private PendingEvent(TransactionEvent occurred) => Event = occurred;

    public TransactionEvent Event { get; }

    public bool Wait { get; }

    /// <summary>It waits although the request does not say so: the prepare did. Found out with each decision.</summary>
    public bool PrepareAskedToWait { get; set; }

    /// <summary>Null = nobody asked.</summary>
    public TaskCompletionSource<TransactionReply>? Reply { get; }

    public Rejection? Rejection { get; set; }

    /// <summary>traceparent of the request's span; null = nobody traces it.</summary>
    public string? Caller { get; init; }

    /// <summary>Answers it.</summary>
    public void Answer(TransactionReply reply) => Reply?.TrySetResult(PrepareAskedToWait ? reply with { Waited = true } : reply);

    public static PendingEvent Internal(TransactionEvent occurred) => new(occurred);
}
