using System.Diagnostics;
using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Calls a branch and returns the outcome. Does not throw for errors of the service or the network.</summary>
public interface IBranchInvoker
{
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Cancelled at the timeout or when the process stops; the outcome is then
    /// Unknown.</param>
    Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken);
}

/// <summary>A call of a branch, independent of protocol.</summary>
public sealed record BranchInvocation
{
    /// <summary>The stored gid, with its namespace: unique in the coordinator.</summary>
    public required string Gid { get; init; }

    /// <summary>The gid as the submitter named it, for the service.</summary>
    public string ToldGid => Namespaces.Plain(Gid);

    /// <summary>The namespace of the transaction, for the service; empty = the default one.</summary>
    public string Namespace => Namespaces.Of(Gid);

    public required TransactionType Type { get; init; }

    /// <summary>http, grpc or json-rpc.</summary>
    public required string Protocol { get; init; }

    public required string BranchId { get; init; }

    public required string Op { get; init; }

    /// <summary>Never empty.</summary>
    public required string Url { get; init; }

    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>
    /// Makes the payload, which has results of other calls: only when the call is made, because it may be large. Null
    /// (default) = <see cref="Payload"/> is complete. Not sent in messages between silos.
    /// </summary>
    public Func<FilledPayload>? PayloadOf { get; init; }

    /// <summary>
    /// Remaining timeout of the wait for a slot and the call together, for protocols that transmit it;
    /// <c>cancellationToken</c> enforces it. Zero (default) = unknown.
    /// </summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>
    /// The maximum length of the answer that a successful outcome carries, in bytes; 0 (default) = it carries none.
    /// </summary>
    public int ResultBytesMax { get; init; }

    /// <summary>1 for the first.</summary>
    public int Attempt { get; init; }

    /// <summary>Null = none. For trace headers see <see cref="ToldTrace"/>.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// The trace context of the transaction, then of this call. Sent unless <see cref="Headers"/> have one; null =
    /// none.
    /// </summary>
    public TraceContext? Trace { get; init; }

    /// <summary>
    /// The context that is sent: that of <see cref="Headers"/>, or <see cref="Trace"/>. traceparent and tracestate
    /// belong together, so they come from the same one. Null = none.
    /// </summary>
    public TraceContext? ToldTrace =>
        Header(CallSpans.Parent) is { } parent ? new TraceContext(parent, Header(CallSpans.State) ?? "") : Trace;

    /// <summary>The span of this call, for tags of the protocol; null = not traced.</summary>
    public Activity? Span { get; init; }

    /// <summary>
    /// Whether it is the call of callback_url. A workflow may be named "notice", but its calls have a branch id.
    /// </summary>
    public bool IsNotice => Op == "notice" && BranchId.Length == 0;

    /// <summary>Makes the payload.</summary>
    /// <param name="filled">The call with its payload.</param>
    /// <returns>The outcome of a call whose payload cannot be made; null = it can be made.</returns>
    public Outcome? Fill(out BranchInvocation filled)
    {
        filled = this;
        if (PayloadOf is null)
        {
            return null;
        }

        var (payload, problem) = PayloadOf();
        filled = this with { Payload = payload, PayloadOf = null };
        return problem is null ? null : Outcome.Failed(problem) with { IsUnsent = true };
    }

    private string? Header(string name) =>
        Headers?.FirstOrDefault(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Without secrets: Orleans logs it for slow or lost messages.</summary>
    public override string ToString() => $"{nameof(BranchInvocation)} {ToldGid} {BranchId} {Op}";
}
